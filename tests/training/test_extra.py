"""What is said where PyTorch is not installed."""

import subprocess
import sys

import pytest

from bandroid.errors import MachineError
from bandroid.training import extra


def test_nothing_is_missing_here():
    assert extra.missing_libraries() == ()
    extra.require_learn_extra("quick")


def test_the_pip_command_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in ("torch", "onnx") else object())
    with pytest.raises(MachineError) as caught:
        extra.require_learn_extra("quick")
    assert str(caught.value) == (
        "preset quick needs torch and onnx: pip install 'bandroid[learn]' "
        "(or take --preset instant, which needs nothing more)"
    )


def test_a_broken_installation_is_told_from_a_missing_one(monkeypatch):
    def half_there(name):
        if name == "onnx":
            raise ImportError("onnx_cpp2py_export.so: cannot open shared object file\nand more")

    monkeypatch.setattr(extra, "import_module", half_there)
    with pytest.raises(MachineError, match=r"cannot be loaded.*--force-reinstall") as caught:
        extra.require_learn_extra("quick")
    assert "needs onnx" in str(caught.value) and "\n" not in str(caught.value)


def test_asking_costs_nothing():
    program = (
        "import sys\n"
        "from bandroid.training import extra, judging, run_folder, curves\n"
        "extra.missing_libraries()\n"
        "assert not {'torch', 'onnx', 'safetensors'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
