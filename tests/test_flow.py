"""docs/flow.md is run: the worked example is what the code does."""

import doctest
from pathlib import Path

FLOW = Path(__file__).resolve().parent.parent / "docs" / "flow.md"


def test_the_example_in_flow_md(tmp_path):
    # Each code fence ends an example; doctest knows only blank lines.
    text = FLOW.read_text(encoding="utf-8").replace("```", "")
    example = doctest.DocTestParser().get_doctest(text, {"folder": tmp_path}, FLOW.name, str(FLOW), 0)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=report.append)
    assert not report, "".join(report)
    assert len(example.examples) > 40
