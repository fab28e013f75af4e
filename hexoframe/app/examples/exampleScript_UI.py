"""A small text interface with the names of the old HxApi2_0.

Run ``python exampleScript_UI.py`` at a terminal. It asks who you are, and then what to
do. The password is neither shown nor kept.
"""

import getpass
import sys

import hexoframe.hxapi as HxApi2_0
from hexoframe.errors import HexoframeError

# -- fill in ---------------------------------------------------------------------------

# Keys of the API; left empty, HEXOFRAME_API_KEY and HEXOFRAME_API_SECRET are taken.
publicKey = ""
privateKey = ""

folder = "~/Downloads/HexoskinData/"

# For an Astroskin: base_url = "astro" and HxApi2_0.MODEL = "CHA3000".
base_url = None
HxApi2_0.MODEL = "Hexoskin"

# -- no need to change anything below --------------------------------------------------

ATTEMPTS = 10
MENU = """
1  list the newest records
2  tell what is known of a record
3  download records
4  empty the cache on this computer
q  quit
"""


def log_in():
    """Ask until the service knows the user; return None if nobody is named."""
    for _ in range(ATTEMPTS):
        name = input("User (e-mail): ").strip()
        if not name:
            break
        secret = getpass.getpass("Password (not shown): ")
        try:
            return HxApi2_0.SessionInfo(publicKey, privateKey, name, secret, base_url)
        except HexoframeError as error:
            print(error)
    return None


def list_records(auth):
    """Show the newest records."""
    for record in HxApi2_0.getRecordList(auth, limit="20"):
        print(f"Session {record['id']} - {record['user'].email}")


def tell_record(auth):
    """Show the facts of one record."""
    number = input("Record: ").strip()
    for key, value in HxApi2_0.getRecordInfo(auth, number).items():
        print(f"{key} : {value}")


def download(auth):
    """Write records into files; one that fails does not stop the others."""
    for number in input("Records, with commas between: ").split(","):
        try:
            data = HxApi2_0.getRecordData(auth, recordID=number.strip())
            print(f"{number.strip()}: {HxApi2_0.saveTxt(data, folder)}")
        except (HexoframeError, OSError) as error:
            print(f"{number.strip()}: {error}")


ACTIONS = {
    "1": list_records,
    "2": tell_record,
    "3": download,
    "4": HxApi2_0.clearCache,
}


def main():
    """Log in, and do what is chosen until "q"; return the exit code."""
    auth = log_in()
    if auth is None:
        print("Nobody is logged in.")
        return 1
    while True:
        choice = input(f"{MENU}Choice: ").strip().lower()
        if choice == "q":
            return 0
        if choice not in ACTIONS:
            print(f"{choice!r} is not one of {', '.join(ACTIONS)} and q.")
            continue
        try:
            ACTIONS[choice](auth)
        except HexoframeError as error:
            print(error)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EOFError, KeyboardInterrupt):
        sys.exit(130)
