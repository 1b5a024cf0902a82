# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever is done to the files of a folder, the client has the last content of each in the end.

Each case is one of many storms. RUNTIMEUSE_TEST_STORMS says how many are tried, 100 for a thorough
run, and RUNTIMEUSE_TEST_FIRST_STORM which is the first.
"""

import asyncio
import logging
import os
import random
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
import storm_writer
from harness.processes import PATIENCE
from harness.receiver import Receiver
from runtimeuse_client import (ArtifactUploadResult, CommandInterface, ExecuteCommandsOptions,
                               RuntimeUseClient)

FIRST = int(os.environ.get('RUNTIMEUSE_TEST_FIRST_STORM', '1'))
COUNT = int(os.environ.get('RUNTIMEUSE_TEST_STORMS', '3'))
TIMEOUT = 100

# The client complains of each message that it does not know.
QUIET = logging.getLogger('quiet')
QUIET.setLevel(logging.CRITICAL)


def ignored_by_default(parts):
    return bool({'node_modules', 'dist'} & set(parts[:-1]))


def ignored_by_pattern(parts):
    """The rules in PATTERNS, spelled out."""
    if parts[0] == 'e' and len(parts) > 1:
        return True
    return parts[-1].endswith('7') and parts[-1] != '1-7'


PATTERNS = '*7\n!1-7\n/e/\n'
RULES = [('default', ignored_by_default), ('pinned', ignored_by_pattern),
         ('file', ignored_by_pattern)]


class Uploads:
    """Now and then the answer takes so long that the file is another one meanwhile."""

    def __init__(self, receiver, source):
        self.receiver = receiver
        self.source = source

    async def __call__(self, request):
        if self.source.random() < 0.05:
            await asyncio.sleep(self.source.uniform(0, 0.1))
        return ArtifactUploadResult(presigned_url=f'{self.receiver.url}{quote(request.filepath)}',
                                    content_type='application/x-test')


def trouble(path, status):
    """Some answers say that there is none, some take long, and some do not come."""
    number = random.random()
    if number < 0.01:
        return None
    if number < 0.1:
        time.sleep(number)
    return 503 if number < 0.02 else status


def files_of(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob('*') if path.is_file()}


def has_to_be_there(path, folder, is_ignored):
    return path.name != '.artifactignore' and not is_ignored(path.relative_to(folder).parts)


async def storm(server, receiver, folder, seed, ignore_content):
    writer = CommandInterface(command=f'{sys.executable} {storm_writer.__file__} {seed} {folder}')
    options = ExecuteCommandsOptions(
        artifacts_dirs=[str(folder)], artifacts_ignore_content=ignore_content,
        on_artifact_upload_request=Uploads(receiver, random.Random(seed)),
        timeout=TIMEOUT * PATIENCE, logger=QUIET)
    async with asyncio.timeout(2 * TIMEOUT * PATIENCE):
        async with RuntimeUseClient(server.url).session() as session:
            await session.execute_commands([writer], options)


@pytest.fixture
def server(warm_server):
    yield warm_server
    warm_server.check_at_rest()
    warm_server.check_log()


@pytest.mark.parametrize('seed', range(FIRST, FIRST + COUNT))
def test_storm(server, tmp_path, seed):
    folder = tmp_path / 'out'
    folder.mkdir()
    rules, is_ignored = RULES[seed % len(RULES)]
    if rules == 'file':
        (folder / '.artifactignore').write_text(PATTERNS)
    receiver = Receiver(trouble if seed % 2 else None)
    try:
        asyncio.run(storm(server, receiver, folder, seed, PATTERNS if rules == 'pinned' else None))
    finally:
        receiver.close()

    left = files_of(folder)
    wanted = {str(path): content for path, content in left.items()
              if content and has_to_be_there(path, folder, is_ignored)}
    print(f'{len(receiver.requests)} uploads of {len(receiver.files)} files, {len(wanted)} left')
    assert all(map(storm_writer.is_whole, wanted.values()))
    assert not [path for path, content in receiver.bodies if not storm_writer.is_whole(content)]
    assert not [path for path in receiver.files
                if not has_to_be_there(Path(path), folder, is_ignored)]
    assert not [path for path, content in wanted.items() if receiver.files.get(path) != content]
