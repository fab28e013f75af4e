"""Download records with the names of the old HxApi2_0.

Fill in the lines below and run ``python exampleScript.py``. Every record becomes a
folder of .txt files: ``<folder>/<e-mail>/<record id>/``.
"""

import sys

import hexoframe.hxapi as HxApi2_0
from hexoframe.errors import HexoframeError

# -- fill in ---------------------------------------------------------------------------

# Keys of the API, and who you are. What is left empty comes from HEXOFRAME_API_KEY,
# HEXOFRAME_API_SECRET, HEXOFRAME_USERNAME and HEXOFRAME_PASSWORD in the environment:
# that keeps the password out of this file.
publicKey = ""
privateKey = ""
username = ""
password = ""

# Ids of the records; with none, the newest record is taken.
records = []
folder = "~/Downloads/HexoskinData/"

# For an Astroskin: base_url = "astro" and HxApi2_0.MODEL = "CHA3000".
base_url = None
HxApi2_0.MODEL = "Hexoskin"
# "String" writes times as text, in UTC unless you set HxApi2_0.TIMEZONE.
HxApi2_0.TIMESTAMP = "Epoch"

# -- no need to change anything below --------------------------------------------------


def main():
    """Tell what there is, and download what was chosen; return the exit code."""
    auth = HxApi2_0.SessionInfo(
        publicKey=publicKey,
        privateKey=privateKey,
        username=username,
        password=password,
        base_url=base_url,
    )
    newest = HxApi2_0.getRecordList(auth, limit="20")
    for record in newest:
        print(f"Session {record['id']} - {record['user'].email}")
    failed = 0
    for number in records or [record["id"] for record in newest[:1]]:
        try:
            data = HxApi2_0.getRecordData(auth, recordID=number)
            print(f"{number}: {HxApi2_0.saveTxt(data, folder)}")
        except (HexoframeError, OSError) as error:
            failed += 1
            print(f"{number}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HexoframeError as error:
        sys.exit(str(error))
