"""The menu, as a user at a terminal sees it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

import hexoframe
from hexoframe.simulator.server import ServerFault

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")

ROOT = Path(__file__).parents[2]

LIST, INFO, DOWNLOAD, DRAW, NUMBERS, MODEL, STAMPS, FORMATS, FOLDER = "123456789"
REPLACE, CLEAR, QUIT = "10", "11", "0"
NAME, PASSWORD, NUMBER = "q to quit: ", r"\(not shown\): ", "\nNumber: "
START = r"Start\? \(y/n\): "


@pytest.fixture
def server(service, monkeypatch):
    """The API key is set; the menu asks for user name and password."""
    monkeypatch.delenv("HEXOFRAME_USERNAME")
    monkeypatch.delenv("HEXOFRAME_PASSWORD")
    return service


class Talk:
    """Questions and answers at a terminal, and what was seen there."""

    def __init__(self, child):
        self.child = child
        self.seen = ""

    def __call__(self, expected, answer):
        self.child.expect(expected)
        said = self.child.before
        self.seen += said + self.child.after
        self.child.sendline(answer)
        return said.replace("\r", "")

    def log_in(self, server):
        self(NAME, server.username)
        return self(PASSWORD, server.password)

    def end(self):
        rest = self.child.read()
        self.seen += rest
        self.child.close()
        return rest.replace("\r", ""), self.child.exitstatus


@pytest.fixture
def menu(terminal):
    """Open the menu at a terminal."""

    def start(*arguments, **more):
        return Talk(terminal("menu", *arguments, **more))

    return start


def items_of(said):
    """The items of a menu that was shown, by their keys."""
    return dict(re.findall(r"^ ?(\d+)  (.*)$", said, re.MULTILINE))


# -- a whole session -------------------------------------------------------------------


def test_a_whole_session_with_one_wrong_password_at_a_narrow_terminal(
    menu, server, tmp_path, same, new_client
):
    talk = menu("--to", "out", columns=40)
    assert server.base_url in talk(NAME, server.username)
    talk(PASSWORD, "wrong")
    said = talk(NAME, server.username)
    assert "does not know" in said
    talk(PASSWORD, server.password)

    first = talk(NUMBER, LIST)
    assert items_of(first)[DOWNLOAD] == "Download records"
    assert items_of(first)[FOLDER] == "Folder: out"
    listed = talk(NUMBER, INFO)
    assert re.search(r"^42  2024-03-03 22:00  00:01:00", listed, re.MULTILINE)
    assert re.search(r"^41  2024-03-02 22:00  00:01:00", listed, re.MULTILINE)
    talk("record: ", "41")
    told = talk(NUMBER, DOWNLOAD)
    assert re.search(r"^duration +00:01:00$", told, re.MULTILINE)
    talk("between: ", "41, 999 ,42")
    costs = talk(START, "y")
    assert "999 skipped:" in " ".join(costs.split())
    assert "'List records' shows" in " ".join(costs.split())
    done = talk(NUMBER, NUMBERS)
    assert f"41: {Path('out', server.username, '41')}" in done
    assert "999" not in done
    assert f"42: {Path('out', server.username, '42')}" in done
    talk("record: ", "41")
    talk(START, "y")
    figures = talk("q to stop: ", "q")
    assert re.search(r"^HR mean +[\d.]+  bpm", figures, re.MULTILINE)
    talk(NUMBER, CLEAR)
    talk(r"Remove 2 entries, \d\.\d MB\? \(y/n\): ", "y")
    assert "MB were freed." in talk(NUMBER, QUIT)
    rest, status = talk.end()
    assert (rest.strip("0\n"), status) == ("", 0)

    assert hexoframe.cache.info().empty
    lines = (first + listed + told + costs).splitlines()
    # What the user types is as long as it is.
    own = [line for line in lines if not line.endswith(server.username)]
    assert [line for line in own if len(line) > 40] == []
    assert server.password not in talk.seen
    assert "Traceback" not in talk.seen
    with new_client(server) as client:
        for number in (41, 42):
            client.load_record(number).to_txt(tmp_path / "python")
    same(tmp_path / "out", tmp_path / "python")
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(server.password.encode() in path.read_bytes() for path in kept)


def test_settings_are_shown_and_used(menu, server, tmp_path, same, new_client):
    talk = menu()
    talk.log_in(server)
    talk(NUMBER, MODEL)
    talk(NUMBER, "2")
    talk(NUMBER, STAMPS)
    talk(NUMBER, "2")
    talk("strftime format: ", r"%d.%m.%Y\t%H:%M:%S.%f")
    talk("Zone, as America/Montreal: ", "Europe/Paris")
    talk(NUMBER, FORMATS)
    talk("between: ", "csv, txt")
    talk(NUMBER, FOLDER)
    talk("files: ", "elsewhere")
    talk(NUMBER, REPLACE)
    items = items_of(talk(NUMBER, DOWNLOAD))
    assert items[MODEL] == "Model: Hexoskin"
    assert items[STAMPS] == "Time stamps in .txt: text, Europe/Paris"
    assert items[FORMATS] == "Formats: txt, csv"
    assert items[FOLDER] == "Folder: elsewhere"
    assert items[REPLACE] == "Replace files: yes"
    talk("between: ", "42")
    talk(START, "y")
    talk(NUMBER, STAMPS)
    talk(NUMBER, "1")
    assert items_of(talk(NUMBER, DOWNLOAD))[STAMPS] == "Time stamps in .txt: ticks"
    # Nothing is typed, nothing is downloaded.
    talk("between: ", "")
    talk(NUMBER, QUIT)
    assert talk.end()[1] == 0

    with new_client(server) as client:
        record = client.load_record(42, model="Hexoskin")
    record.to_txt(
        tmp_path / "python",
        timestamps="string",
        timestamp_format="%d.%m.%Y\t%H:%M:%S.%f",
        tz="Europe/Paris",
    )
    record.to_csv(tmp_path / "python")
    same(tmp_path / "elsewhere", tmp_path / "python")


def test_a_setting_that_makes_no_sense_changes_nothing(menu, server):
    talk = menu()
    talk.log_in(server)
    before = items_of(talk(NUMBER, STAMPS))
    talk(NUMBER, "2")
    talk("format: ", "")
    talk("Zone, as America/Montreal: ", "Europe/Pari")
    assert "no time zone" in talk(NUMBER, FORMATS)
    talk("between: ", "txt, xls")
    assert "There is no xls: nothing was changed." in talk(NUMBER, MODEL)
    talk(NUMBER, "17")
    assert "'17' is not one of 1 to 5: nothing was changed." in talk(NUMBER, FOLDER)
    talk("files: ", "")
    assert items_of(talk(NUMBER, QUIT)) == before
    assert talk.end()[1] == 0


@pytest.mark.parametrize(
    "questions",
    [
        [],
        [(NUMBER, INFO), ("record: ", None)],
        [(NUMBER, DOWNLOAD), ("between: ", None)],
        [(NUMBER, STAMPS), (NUMBER, "2"), ("strftime format: ", None)],
        [(NUMBER, FOLDER), ("files: ", None)],
        [(NUMBER, CLEAR), (r"\(y/n\): ", None)],
    ],
    ids=["menu", "id", "ids", "format", "folder", "agreement"],
)
def test_q_quits_at_any_question(menu, server, questions):
    talk = menu()
    talk.log_in(server)
    for expected, answer in questions or [(NUMBER, None)]:
        talk(expected, answer or "q")
    rest, status = talk.end()
    assert (rest.strip("q\n"), status) == ("", 0)


def test_q_instead_of_a_name_quits(menu, server):
    del server
    talk = menu()
    talk(NAME, "q")
    assert talk.end()[1] == 0


def test_a_folder_that_cannot_be_written_is_not_taken(menu, server, tmp_path):
    (tmp_path / "a_file").touch()
    talk = menu("--to", "out")
    talk.log_in(server)
    talk(NUMBER, FOLDER)
    talk("files: ", "a_file/out")
    told = talk(NUMBER, QUIT)
    assert items_of(told)[FOLDER] == "Folder: out"
    assert (
        "nothing can be written into a_file/out (not a directory): choose another "
        "folder with 'Folder'"
    ) in " ".join(told.split())
    assert talk.end()[1] == 0


def test_files_from_before_stay_until_the_user_says_otherwise(menu, server):
    talk = menu("--to", "out")
    talk.log_in(server)
    talk(NUMBER, DOWNLOAD)
    talk("between: ", "42")
    talk(START, "y")
    talk(NUMBER, DOWNLOAD)
    talk("between: ", "42")
    talk(START, "y")
    folder = Path("out", server.username, "42")
    said = talk(NUMBER, STAMPS)
    assert f"42: {folder} already there, unchanged\n" in said
    assert "skipped" not in said
    talk(NUMBER, "2")
    talk("strftime format: ", "")
    talk("Zone, as America/Montreal: ", "")
    talk(NUMBER, DOWNLOAD)
    talk("between: ", "42")
    talk(START, "y")
    said = " ".join(talk(NUMBER, REPLACE).split())
    assert "42 skipped:" in said
    assert "say 'Replace files'" in said
    talk(NUMBER, DOWNLOAD)
    talk("between: ", "42")
    talk(START, "y")
    said = talk(NUMBER, QUIT)
    assert f"42: {folder}\n" in said
    assert "skipped" not in said
    assert talk.end()[1] == 0


def test_what_a_download_costs_is_said_before_it_starts(
    menu, server, tmp_path, for_data
):
    talk = menu("--to", "out", columns=40)
    talk.log_in(server)
    talk(NUMBER, DOWNLOAD)
    talk("between: ", "41 42")
    told = talk(START, "n")
    with hexoframe.connect(
        username=server.username, password=server.password, base_url=server.base_url
    ) as client:
        costs = [client.estimate(number) for number in (41, 42)]
    rows = re.findall(r"^ +(\w+) +(\d+) +(\d\.\d MB) +00:00:\d\d$", told, re.MULTILINE)
    requests, sizes = ([one.requests for one in costs], [c.megabytes for c in costs])
    assert rows == [
        ("41", f"{requests[0]}", f"{sizes[0]:.1f} MB"),
        ("42", f"{requests[1]}", f"{sizes[1]:.1f} MB"),
        ("all", f"{sum(requests)}", f"{sum(sizes):.1f} MB"),
    ]
    assert "Nothing was downloaded." in talk(NUMBER, DOWNLOAD)
    talk("between: ", "")
    assert "skipped" not in talk(NUMBER, QUIT)
    assert talk.end()[1] == 0
    # To know the model takes a page; nobody asked for more.
    assert not any("octet" in entry.accept for entry in for_data(server))
    assert list(tmp_path.iterdir()) == []


def test_a_long_list_is_shown_a_screen_at_a_time(menu, server):
    talk = menu(lines=10)
    talk.log_in(server)
    talk(NUMBER, INFO)
    talk("record: ", "41")
    first = talk("Enter for more, q to stop: ", "")
    assert first.count("\n") < 10
    assert "soft_uid " in talk(NUMBER, INFO)
    talk("record: ", "41")
    talk("Enter for more, q to stop: ", "q")
    assert "soft_uid " not in talk(NUMBER, QUIT)
    assert talk.end()[1] == 0


# -- a picture -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_picture_goes_where_files_go_and_is_the_one_that_python_draws(
    menu, server, tmp_path, new_client
):
    image = pytest.importorskip("matplotlib.image", reason="pictures need matplotlib")
    talk = menu("--to", "out", columns=40, MPLBACKEND="TkAgg")
    talk.log_in(server)
    assert items_of(talk(NUMBER, DRAW))[DRAW] == "Draw a picture"
    talk("record: ", "41")
    costs = talk(START, "y")
    assert re.search(r"^ +41 +\d+ +\d\.\d MB +00:00:\d\d$", costs, re.MULTILINE)
    assert f"41: {Path('out', 'record_41.png')}" in talk(NUMBER, DRAW)
    talk("record: ", "41")
    talk(START, "y")
    told = " ".join(talk(NUMBER, DRAW).split())
    assert f"41: {Path('out', 'record_41.png')} already there, unchanged" in told
    talk("record: ", "")
    talk(NUMBER, QUIT)
    assert talk.end()[1] == 0

    from matplotlib import pyplot as plt

    with new_client(server) as client:
        figure, _ = client.load_record(41).plot("overview")
    figure.savefig(tmp_path / "python.png", dpi=100)
    plt.close(figure)
    mine, theirs = (
        image.imread(tmp_path / name) for name in ("out/record_41.png", "python.png")
    )
    assert mine.shape == theirs.shape
    assert (mine == theirs).all()


def test_a_picture_without_matplotlib_is_refused_before_anything_is_asked(
    menu, server, tmp_path
):
    missing = tmp_path / "missing" / "matplotlib.py"
    missing.parent.mkdir()
    missing.write_text("raise ImportError('there is none')\n")
    talk = menu(PYTHONPATH=f"{missing.parent}{os.pathsep}{ROOT}")
    talk.log_in(server)
    talk(NUMBER, DRAW)
    assert "pip install 'hexoframe[plot]'" in talk(NUMBER, QUIT)
    assert talk.end()[1] == 0
    assert not any("record" in entry.path for entry in server.log)


# -- coming in and going out -----------------------------------------------------------


def test_an_empty_user_name_quits(menu, server):
    talk = menu()
    talk(NAME, "")
    assert talk.end() == ("\n", 0)
    assert server.log == []


def test_the_tenth_wrong_pair_ends_the_menu(menu, server):
    talk = menu()
    for _ in range(10):
        talk(NAME, server.username)
        talk(PASSWORD, "wrong")
    rest, status = talk.end()
    assert status == 1
    assert rest.strip().startswith("hexoframe: ")
    assert len(server.log) == 10


def test_an_empty_password_is_not_taken_from_elsewhere(menu, service):
    talk = menu()
    talk(NAME, service.username)
    talk(PASSWORD, "")
    assert "a password is needed" in talk(NAME, "")
    assert talk.end()[1] == 0
    assert service.log == []


def test_ctrl_d_quits(menu, server):
    talk = menu()
    talk.log_in(server)
    talk.child.expect(NUMBER)
    talk.child.sendeof()
    assert talk.end()[1] == 0


def test_a_failure_that_is_not_the_users_ends_the_menu_in_a_line(menu, server):
    server.faults.add(ServerFault(kind="status", status=400, path="/api/account/"))
    talk = menu(columns=400)
    talk.log_in(server)
    rest, status = talk.end()
    assert status == 1
    (line,) = filter(None, rest.split("\n"))
    assert line.startswith(f"hexoframe: {server.base_url}/api/account/ refused")


def test_without_a_terminal_the_menu_says_what_to_do_instead(run, server):
    done = run("menu", input=f"{server.username}\n")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "needs a terminal" in line
    assert "hexoframe download" in line


def test_the_output_may_go_elsewhere_and_the_questions_stay(terminal, server, tmp_path):
    # A shell at the terminal, whose user wants the lists in a file.
    child = terminal(line=f"{sys.executable} -m hexoframe menu > {tmp_path}/list.txt")
    talk = Talk(child)
    talk.log_in(server)
    talk(NUMBER, LIST)
    talk(NUMBER, QUIT)
    assert talk.end()[1] == 0
    head, *rows = (tmp_path / "list.txt").read_text().splitlines()
    assert head.split()[0] == "id"
    assert [row.split()[0] for row in rows] == ["42", "41"]


def test_the_output_may_be_piped(terminal, server):
    child = terminal(line=f"{sys.executable} -m hexoframe menu | cat")
    talk = Talk(child)
    talk.log_in(server)
    talk(NUMBER, LIST)
    talk(NUMBER, QUIT)
    assert talk.end()[1] == 0
    # Lists and questions take two ways, which may cross.
    assert "2024-03-02 22:00" in talk.seen
