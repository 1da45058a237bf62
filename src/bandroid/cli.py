"""The command line: one function a verb. What a verb needs is imported inside it, so that help comes at once.

One meaning a flag, everywhere: --bars how many, --at which ones, --instruments the line-up, --parts a selection,
--style (or compose's first word) a style's name, -o the folder that files go to, --json one object on stdout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandroid import cli_choir, cli_palette, terminal
from bandroid.commands import presets, runs, styles
from bandroid.commands.options import (
    Audio,
    Bars,
    Bits,
    Force,
    Gain,
    Json,
    Loop,
    MinP,
    Mono,
    NoCopyGuard,
    NoScore,
    Out,
    Reverb,
    Seed,
    SoundFont,
    Spectrogram,
    Stems,
    Temperature,
    TopP,
    Variations,
    complete_preset,
    complete_run,
    complete_style,
    render_wish,
)
from bandroid.presets import DEVICES

app = typer.Typer(
    name="bandroid",
    # Plain help: rich would double the time that `bandroid --help` takes (measured in benchmarks/startup).
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start: bandroid compose. Then: bandroid learn FOLDER --name mine; bandroid compose mine",
)
app.add_typer(styles.app, name="styles")
app.add_typer(presets.app, name="presets")
app.add_typer(runs.app, name="runs")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from bandroid import __version__

        terminal.say(f"bandroid {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _bandroid(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Teach a machine your favourite band: a folder of MIDI files in, new songs out."""
    if context.invoked_subcommand is None:
        terminal.say(context.get_help())


@app.command()
def compose(
    style: Annotated[
        str | None,
        typer.Argument(metavar="STYLE", help="A style's name; rock if left out.", autocompletion=complete_style),
    ] = None,
    style_option: Annotated[
        str | None, typer.Option("--style", metavar="NAME", help="The same as STYLE.", autocompletion=complete_style)
    ] = None,
    bars: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many bars.  [default: 16, or a space's own; with --chords whole rounds]"),
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="How many 16ths, in place of --bars.")] = None,
    primer: Annotated[
        str | None,
        typer.Option(
            metavar="LIST|FILE",
            help="What it begins with, note for note: '[60, -2, 62, -2]', '[(36, 42), (), (42,)]', or a music file.",
        ),
    ] = None,
    chords: Annotated[
        str | None,
        typer.Option(metavar="CHART", help="The chords of a lead: 'Dm7 G7 Cmaj7', or with bar lines 'Dm7 G7 | Cmaj7'."),
    ] = None,
    variations: Variations = 1,
    seed: Seed = None,
    temperature: Temperature = 1.0,
    top_p: TopP = None,
    min_p: MinP = None,
    tempo: Annotated[
        float | None, typer.Option(metavar="QPM", help="Quarter notes a minute, instead of the style's own choice.")
    ] = None,
    metre: Annotated[
        str | None, typer.Option(metavar="M/N", help="3/4, 6/8 ... instead of the style's own choice.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="C, Am, F#, Bbm ... : the music is moved there.")
    ] = None,
    instruments: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="The line-up, with commas: 'guitar,bass,drums', or programs 0 to 127."),
    ] = None,
    no_copy_guard: NoCopyGuard = False,
    audio: Audio = None,
    bits: Bits = 16,
    mono: Mono = False,
    gain: Gain = 0.0,
    stems: Stems = False,
    loop: Loop = False,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
    no_score: NoScore = False,
    spectrogram: Spectrogram = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Compose new music in a style: MIDI, audio, MusicXML and an engraved score.

    \b
    bandroid compose                                     a piece in the style that ships as default
    bandroid compose folk --bars 32 --variations 3       three of them
    bandroid compose rock --seed 7 -o out                the same bytes every time
    bandroid compose mine --key Am --tempo 96 --audio mp3,flac
    bandroid compose melody --primer "[60, -2, 62, -2]"  goes on from there: 16ths, -2 holds, -1 ends a note
    bandroid compose drums --primer beat.mid --bars 8    the beat itself, then more of it
    bandroid compose jazz --chords "Dm7 G7 | Cmaj7"      a lead over these chords
    """
    from bandroid.commands.compose import compose as compose_pieces
    from bandroid.errors import WishError

    if style and style_option and style != style_option:
        raise WishError(f"two styles at once, {style} and {style_option}: name one")
    compose_pieces(
        style=style or style_option,
        bars=bars,
        steps=steps,
        primer=primer,
        chords=chords,
        variations=variations,
        seed=seed,
        temperature=temperature,
        top_p=top_p,
        min_p=min_p,
        tempo_qpm=tempo,
        metre=metre,
        key=key,
        instruments=instruments,
        copy_guard=not no_copy_guard,
        wish=render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram),
        out=out,
        force=force,
        as_json=as_json,
    )


@app.command("continue")
def continue_song(
    file: Annotated[Path, typer.Argument(metavar="SONG", help="A MIDI, MusicXML or ABC file that holds one song.")],
    style: Annotated[
        str | None,
        typer.Option(
            "--style", metavar="NAME", help="The style to go on in; rock if left out.", autocompletion=complete_style
        ),
    ] = None,
    bars: Bars = 16,
    variations: Variations = 1,
    seed: Seed = None,
    temperature: Temperature = 1.0,
    top_p: TopP = None,
    min_p: MinP = None,
    no_copy_guard: NoCopyGuard = False,
    audio: Audio = None,
    bits: Bits = 16,
    mono: Mono = False,
    gain: Gain = 0.0,
    stems: Stems = False,
    loop: Loop = False,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
    no_score: NoScore = False,
    spectrogram: Spectrogram = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Let a song go on: its own notes as they are, then new bars in its key, metre, tempo and parts.

    \b
    bandroid continue song.mid --style mine               16 more bars
    bandroid continue idea.abc --style folk --bars 8 --variations 4
    bandroid continue song.mid --style mine --seed 7 --temperature 0.8 -o out
    """
    from bandroid.commands.continue_song import continue_song as continue_file

    continue_file(
        file,
        style=style,
        bars=bars,
        variations=variations,
        seed=seed,
        temperature=temperature,
        top_p=top_p,
        min_p=min_p,
        copy_guard=not no_copy_guard,
        wish=render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram),
        out=out,
        force=force,
        as_json=as_json,
    )


for verb in (cli_palette.reconstruct, cli_palette.vary, cli_palette.interpolate, cli_palette.chain):
    app.command()(verb)
for of_choirs in (cli_choir.harmonise, cli_choir.infill, cli_choir.quiz):
    app.command()(of_choirs)


@app.command()
def learn(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders (or files) of music.")],
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="PRESET",
            help="What kind of style to make: bandroid presets list.  [default: quick]",
            autocompletion=complete_preset,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The style's name; the folder's own if left out.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(metavar="M", help="Be done by then, files and all; by default the songs held out say when."),
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Train this many steps at most.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change a setting: bandroid presets show quick."),
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="STYLE",
            help="Begin a latent space with another: trio-16bar with melody-2bar, drums-2bar; may be given twice.",
            autocompletion=complete_style,
        ),
    ] = None,
    personal: Annotated[
        bool,
        typer.Option("--personal", help="Only learn where the folder's music lies in the space --from names: seconds."),
    ] = False,
    device: Annotated[
        str,
        typer.Option(metavar="DEVICE", help="auto, cpu, cuda or mps.", autocompletion=lambda: list(DEVICES)),
    ] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training that was broken off, as if it had not been.")
    ] = False,
    hold_out: Annotated[
        list[str] | None,
        typer.Option("--hold-out", metavar="NAME", help="A song not to learn, but to test on. May be given again."),
    ] = None,
    held_out: Annotated[
        str | None, typer.Option("--held-out", metavar="SHARE", help="Hold out a share of the songs: 10%.")
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Leave out files: 'demo*', 'live/*'. May be given again."),
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="A style of each folder, named as the folder, one after the other.")
    ] = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Learn a style from a folder of MIDI, MusicXML or ABC files, and say per file what was used.

    \b
    bandroid learn my-band --name mine
    bandroid learn my-band --name mine --minutes 2 --hold-out best-song.mid
    bandroid learn my-band --name mine --resume            after Ctrl-C or a power cut
    bandroid learn one-band other-band --name both         both in equal shares
    bandroid learn my-band --preset instant                by counting alone, in seconds
    bandroid learn composers/* --preset piano --each       a style of each composer's folder
    bandroid learn my-band --preset drums --name beats     its drummer alone; presets: bandroid presets list
    bandroid learn my-band --preset trio-16bar --from melody-2bar --from drums-2bar
    bandroid learn my-band --personal --from melody-2bar   where its music lies in a space, in seconds
    bandroid learn my-band --set learning_rate=5e-4 --set layers=128,128 --force
    """
    from bandroid.commands.learn import LearnOptions, learn_each
    from bandroid.commands.learn import learn as learn_style
    from bandroid.errors import WishError

    if personal and preset not in (None, "personal"):
        raise WishError(f"--personal and --preset {preset}: leave one of them out")
    options = LearnOptions(
        preset="personal" if personal else preset,
        minutes=minutes,
        steps=steps,
        settings=settings or [],
        device=device,
        resume=resume,
        hold_out=hold_out or [],
        held_out=held_out,
        exclude=exclude or [],
        force=force,
        start=start or [],
    )
    (learn_each if each else learn_style)(folders, name=name, options=options, as_json=as_json)


@app.command()
def evaluate(
    style: Annotated[str, typer.Argument(metavar="STYLE", help="A style's name.", autocompletion=complete_style)],
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders (or files) of other music.")],
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Leave out files of a folder. May be given again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say how well a style knows songs that it has not learnt: the bits that it needs for a note of them.

    Songs that it has learnt are measured too, marked, and left out of the sum.

    \b
    bandroid evaluate mine my-band-live
    bandroid evaluate rock my-band --json
    """
    from bandroid.commands.evaluate import evaluate as evaluate_style

    evaluate_style(style, folders, exclude=exclude or [], as_json=as_json)


@app.command()
def compare(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A training's name.", autocompletion=complete_run)],
    other: Annotated[str, typer.Argument(metavar="RUN", help="Another's.", autocompletion=complete_run)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Draw both into one picture, in this folder.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Compare two trainings: which settings differ, and what came of it.

    \b
    bandroid learn my-band --name one --set dropout=0.3
    bandroid learn my-band --name two --set dropout=0.5
    bandroid compare one two -o out
    """
    from bandroid.commands.compare import compare as compare_runs

    compare_runs((run, other), out=out, force=force, as_json=as_json)


@app.command()
def inspect(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Music files, or folders of them.")],
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Leave out files of a folder. May be given again.")
    ] = None,
    roles: Annotated[
        bool, typer.Option("--roles", help="Only what each part does, as a text to correct: FOLDER/bandroid-roles.txt.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is in a music file: parts, roles, metre, tempo, key, chords, repeats; of a folder, file by file.

    \b
    bandroid inspect song.mid
    bandroid inspect my-band --json
    bandroid inspect my-band --roles > my-band/bandroid-roles.txt    then correct it: inspect and learn heed it
    """
    from bandroid.commands.inspect import inspect as inspect_music

    inspect_music(paths, exclude=exclude or [], roles=roles, as_json=as_json)


@app.command()
def critique(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Pieces, or folders of them.")],
    style: Annotated[
        str, typer.Option("--style", metavar="NAME", help="The style to compare with.", autocompletion=complete_style)
    ],
    as_json: Json = False,
) -> None:
    """Say what a piece copies from the songs of a style, beside how much the band's songs copy from one another.

    A pair of bars of one part counts as copied where a training song has the same notes, in whatever key. Green: as
    little as three in four songs of the band. Red: more than nearly all of them, or more bars in a row than any two.

    \b
    bandroid critique bandroid-out/mine-7 --style mine
    bandroid critique song.mid --style rock --json
    """
    from bandroid.commands.critique import critique as critique_pieces

    critique_pieces(paths, style=style, as_json=as_json)


@app.command()
def render(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A MIDI, MusicXML or ABC file.")],
    audio: Audio = None,
    bits: Bits = 16,
    mono: Mono = False,
    gain: Gain = 0.0,
    stems: Stems = False,
    loop: Loop = False,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
    no_score: NoScore = False,
    spectrogram: Spectrogram = False,
    out: Out = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Make sound, score and piano roll of a music file.

    \b
    bandroid render song.mid
    bandroid render song.mid --audio mp3 --stems --no-score -o out
    bandroid render loop.mid --loop --bits 24 --gain -3
    """
    from bandroid.commands.render import render as render_music

    wish = render_wish(audio, bits, mono, gain, stems, loop, reverb, soundfont, no_score, spectrogram)
    render_music(file, wish=wish, out=out, force=force, as_json=as_json)


@app.command()
def play(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A MIDI, MusicXML or ABC file.")],
    gain: Gain = 0.0,
    reverb: Reverb = 0.25,
    soundfont: SoundFont = None,
) -> None:
    """Play a music file until its end or Ctrl-C.

    \b
    bandroid play song.mid
    bandroid play bandroid-out/rock-7/rock-7-1.mid --reverb 0.5
    """
    from bandroid.commands.render import play as play_music

    play_music(file, gain_db=gain, reverb=reverb, soundfont=soundfont)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is there, what is missing, and where files lie.

    \b
    bandroid doctor
    bandroid doctor --json
    """
    from bandroid import doctor as examination

    report = examination.examine()
    if as_json:
        terminal.print_json(report.as_json())
    else:
        terminal.say(report.as_text())
