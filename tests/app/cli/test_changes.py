"""What users write, on the command line: shown first, done with ``--yes``."""

from __future__ import annotations

import json
import re

import pytest

TIMES = ("--start", "2024-05-01T10:00:00Z", "--end", "2024-05-01T10:30:00Z")


@pytest.fixture
def service(service):
    world = service.world
    before = {"range": world.ranges, "annotation": world.annotations}
    yield service
    for kind, there in before.items():
        for number in set(getattr(world, f"{kind}s")) - set(there):
            world.delete(kind, number)


def sent(service):
    return [entry.method for entry in service.log if entry.method != "GET"]


def test_a_range_is_shown_made_changed_and_deleted(service, give):
    shown = give("ranges", "add", "--name", "Walk", *TIMES, "--note", "x")
    assert shown.exit_code == 0
    head, row = shown.stdout.splitlines()
    assert head.split() == [
        "state", "id", "name", "start", "(UTC)", "end", "(UTC)", "user",
    ]  # fmt: skip
    assert row.split()[:3] == ["to", "make", "-"]
    assert shown.stderr == "Nothing was made. Give --yes to do it.\n"
    assert sent(service) == []
    done = give("ranges", "add", "--name", "Walk", *TIMES, "--note", "x", "--yes")
    number = done.stdout.splitlines()[1].split()[1]
    assert done.stdout.splitlines()[1].startswith("made")
    assert done.stderr == ""
    again = give("ranges", "add", "--name", "Walk", *TIMES, "--note", "x", "--yes")
    assert again.stdout.splitlines()[1].split()[:2] == ["there", number]
    shown = give("ranges", "update", number, "--name", "Run")
    assert re.search(r"^name +Run$", shown.stdout, re.MULTILINE)
    assert service.world.ranges[int(number)].name == "Walk"
    give("ranges", "update", number, "--name", "Run", "--routine", 6, "--yes")
    assert service.world.ranges[int(number)].name == "Run"
    assert "Run" in give("ranges", "--start", TIMES[1]).stdout
    shown = give("ranges", "delete", number)
    assert shown.stdout == f"range {number} (Run) would be deleted\n"
    assert int(number) in service.world.ranges
    gone = give("ranges", "delete", number, "--yes")
    assert gone.stdout == f"range {number} (Run) deleted\n"
    assert int(number) not in service.world.ranges
    assert sent(service) == ["POST", "PATCH", "DELETE"]


def test_an_annotation_is_shown_made_changed_and_deleted(service, give):
    add = ("annotations", "add", "--text", "dizzy", *TIMES[:2], "--kind", "start")
    assert "to make" in give(*add).stdout
    made = json.loads(give(*add, "--yes", "--json").stdout)[0]
    assert (made["state"], made["datatype"]) == ("made", 4096)
    number = made["id"]
    give("annotations", "update", number, "--text", "fine", "--yes")
    listed = give("annotations", "--start", TIMES[1]).stdout.splitlines()
    assert listed[0].split()[:2] == ["id", "annotation"]
    assert listed[1].split()[:2] == [str(number), "fine"]
    give("annotations", "delete", number, "--yes")
    assert sent(service) == ["POST", "PATCH", "DELETE"]


@pytest.mark.parametrize("between", [",", ";"])
def test_a_table_is_checked_shown_and_made(service, give, tmp_path, between):
    path = tmp_path / "trials.csv"
    rows = [
        "name,start,end,note",
        *(
            f"trial {n},2024-05-0{n}T10:00:00Z,2024-05-0{n}T10:10:00Z,"
            for n in range(1, 4)
        ),
    ]
    path.write_text("\n".join(rows).replace(",", between), "utf-8-sig")
    shown = give("ranges", "add", path)
    assert shown.stdout.count("to make") == 3
    done = give("ranges", "add", path, "--yes", "--csv")
    assert done.stdout.count(",made\n") == 3
    assert give("ranges", "add", path, "--yes").stdout.count("there ") == 3
    path.write_text("\n".join([*rows, "x,2024-05-01T10:00:00,"]))
    wrong = give("ranges", "add", path, "--yes")
    assert wrong.exit_code == 1
    assert "row 3 of the table: a new range needs end" in wrong.stderr
    assert sent(service) == ["POST"] * 3


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["ranges", "add", "--name", "x"], 2, "give --start and --end, or a FILE."),
        (["annotations", "add"], 2, "give --text and --start, or a FILE."),
        (["ranges", "add", "f.csv", "--name", "x"], 2, "not both"),
        (["ranges", "add", "f.csv"], 1, "f.csv"),
        (["ranges", "add", "--name", "x", *TIMES[:2], "--end", "2024"], 2, "zone"),
        (["ranges", "update", "5", "--name", "x"], 1, "range 5 of"),
        (["ranges", "delete", "5", "6", "--yes"], 1, "2 of 2 ranges failed"),
    ],
)
def test_wrong_commands_are_told(service, give, given, code, said):
    result = give(*given)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert sent(service) == []


def test_a_readonly_token_is_refused_with_the_way_out(service, give, monkeypatch):
    card = service.credentials[service.username]
    monkeypatch.delenv("HEXOFRAME_API_KEY")
    monkeypatch.delenv("HEXOFRAME_API_SECRET")
    monkeypatch.setenv("HEXOFRAME_CLIENT_ID", card.client_id)
    monkeypatch.setenv("HEXOFRAME_CLIENT_SECRET", card.client_secret)
    result = give("ranges", "add", "--name", "x", *TIMES, "--yes")
    assert result.exit_code == 1
    assert "HEXOFRAME_SCOPE=readwrite" in result.stderr
    monkeypatch.setenv("HEXOFRAME_SCOPE", "readwrite")
    assert give("ranges", "add", "--name", "x", *TIMES, "--yes").exit_code == 0
