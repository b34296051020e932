"""`cd5flow review`: the page on which a person takes responsibility."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from cd5flow.cli.terminal import emit, say
from cd5flow.errors import FileAccessError
from cd5flow.report.folder import WantedOutputs
from cd5flow.report.input_files import InputFiles
from cd5flow.review.access import Access
from cd5flow.review.desk import Desk
from cd5flow.review.server import host_of, listen, review_app, serve
from cd5flow.review.signing import sign
from cd5flow.signatures.places import default_users_file


def run(
    results: Path,
    *,
    port: int,
    browser: bool,
    users: Path | None,
    inputs: Sequence[Path],
    outputs: WantedOutputs,
    blind: bool = False,
) -> None:
    """Serve the page until the process is ended."""
    if not results.is_dir():
        raise FileAccessError(f"{results}: is no folder, expected the results of a batch")
    known = default_users_file() if users is None else users
    if known.exists() and not known.is_file():
        raise FileAccessError(f"{known}: is no regular file, expected a list of users")
    if not known.is_file():
        say(f"{known}: there are no users yet; nobody can act before `cd5flow users add`")
    listener = listen(port)
    with closing(listener):
        desk = Desk(
            results,
            users=known,
            find=InputFiles(results, inputs).find,
            outputs=outputs,
            sign=sign,
            blind=blind,
        )
        with closing(desk):
            access = Access(host_of(listener))
            emit(f"{access.address}\n")
            if desk.ledger.network:
                say(
                    f"{results} lies on a network drive ({desk.ledger.network}): one server at a time"
                )
            say(f"{len(desk.queue.samples)} samples; Ctrl-C ends the server, and nothing is lost")
            if browser:
                # It may answer only after the server does.
                threading.Thread(
                    target=webbrowser.open, args=(access.address,), daemon=True
                ).start()
            serve(review_app(desk, access), listener)
