"""What lies where in an archive of signed results, and what its README says of it."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = "cd5flow.archive/1"

README: Final = "README.txt"
MANIFEST: Final = "archive.json"
KEYS: Final = "keys.json"
ROWS: Final = "ledger.jsonl"
RESULTS: Final = "results"
TUBES: Final = "tubes"
RULES: Final = "rules"

README_TEXT: Final = """\
Results of flow cytometry, with all that is needed to check them
================================================================

This archive was written by cd5flow. `cd5flow verify ARCHIVE.zip` checks all of it and needs neither a
network nor a password. Every file is in a plain format that other programs read, too:

archive.json        Which samples are in here, and size and SHA-256 of every other file (JSON).
results/SAMPLE/     What was reported of a sample: result.json, report.pdf and report.html,
                    gates.xml (Gating-ML 2.0), populations.csv, plots (PNG). Earlier versions lie
                    under previous/N/.
results/inputs.json Which file in tubes/ each sample was computed from.
tubes/              The measured events, each file under its own SHA-256 (FCS 2.0 to 3.2), with the
                    control tubes that were used.
rules/              The strategy and the protocol that decided (YAML), where they could be found.
ledger.jsonl        The acts of persons on these samples, a JSON object a line. Acts on other samples
                    are not in here: of each only its number and hash.
keys.json           The public keys of those who signed, as the laboratory knew them.

How to check it without cd5flow
-------------------------------
1. The SHA-256 of each file is that of archive.json.
2. `digest` of a result.json is the SHA-256 of its canonical JSON (RFC 8785) without the fields
   `digest` and `review`; whole numbers from 2^53 on are written as doubles.
3. `sample.sha256` in it is the SHA-256 of its file in tubes/.
4. A line of ledger.jsonl that has a `signature`: `content` is the UTF-8 of the JSON array
       ["cd5flow.ledger/1", entry, at, act, subject, user, body, key, previous]
   without blanks and with no other escapes than JSON asks for (RFC 8785). `signature` is the Ed25519
   signature (RFC 8032) of `content` by `key`, both hexadecimal. `hash` is the SHA-256 of `content`, a
   line feed, and `signature` as text. `previous` is the `hash` of the entry before.
5. The body of an act `signature` is JSON: the digest that was signed, what was said with it, by whom.
   The act `files` after it holds the SHA-256 of every file of the sample's folder.
6. The key of each line is that of its user in keys.json. Whose keys these are, this archive cannot
   prove by itself: compare them with the laboratory's users file, or with what else you know of them.
"""
