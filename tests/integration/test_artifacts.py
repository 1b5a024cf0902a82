# SPDX-License-Identifier: LGPL-2.1-or-later
"""What appears in artifact folders reaches the published client, every byte of it."""

import asyncio
import os
from urllib.parse import quote

import pytest
from harness.processes import PATIENCE
from harness.receiver import Receiver
from runtimeuse_client import (ArtifactUploadResult, CancelledException, CommandInterface,
                               ExecuteCommandsOptions, QueryOptions, RuntimeUseClient)

TIMEOUT = 30


@pytest.fixture
def server(warm_server):
    yield warm_server
    warm_server.check_at_rest()
    warm_server.check_log()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


class Uploads:
    """The callback of a client, and what it was asked."""

    def __init__(self, receiver):
        self.receiver = receiver
        self.paths = []

    async def __call__(self, request):
        self.paths.append(request.filepath)
        return ArtifactUploadResult(
            presigned_url=f'{self.receiver.url}/{quote(request.filepath)}?signature=x%2Fy',
            content_type='application/x-test')


def run(call):
    async def with_deadline():
        async with asyncio.timeout(2 * TIMEOUT * PATIENCE):
            return await call

    return asyncio.run(with_deadline())


def execute(server, uploads, folders, *texts, **options):
    return run(RuntimeUseClient(server.url).execute_commands(
        [CommandInterface(command=text) for text in texts],
        ExecuteCommandsOptions(artifacts_dirs=[str(folder) for folder in folders],
                               on_artifact_upload_request=uploads, timeout=TIMEOUT * PATIENCE,
                               **options)))


def received(receiver):
    return {path.lstrip('/'): body for path, body in receiver.files.items()}


def name_of(path):
    return str(path).lstrip('/')


def test_files_are_there_when_the_call_returns(server, receiver, tmp_path):
    uploads = Uploads(receiver)
    execute(server, uploads, [tmp_path / 'out'],
            f'echo one >{tmp_path}/out/a; mkdir -p {tmp_path}/out/b/c; '
            f'echo two >{tmp_path}/out/b/c/d; : >{tmp_path}/out/empty')
    assert received(receiver) == {name_of(tmp_path / 'out/a'): b'one\n',
                                  name_of(tmp_path / 'out/b/c/d'): b'two\n'}
    path, headers = receiver.requests[0]
    assert headers['Content-Type'] == 'application/x-test'
    assert 'Transfer-Encoding' not in headers


def test_nothing_to_deliver(server, receiver, tmp_path):
    uploads = Uploads(receiver)
    execute(server, uploads, [tmp_path / 'out'], 'true')
    assert uploads.paths == [] and (tmp_path / 'out').is_dir()


def test_existing_and_ignored(server, receiver, tmp_path):
    (tmp_path / 'out/node_modules').mkdir(parents=True)
    (tmp_path / 'out/node_modules/x').write_text('no')
    (tmp_path / 'out/.dot').write_text('dot')
    uploads = Uploads(receiver)
    execute(server, uploads, [tmp_path / 'out'], 'true')
    assert received(receiver) == {name_of(tmp_path / 'out/.dot'): b'dot'}


def test_pinned_rules(server, receiver, tmp_path):
    uploads = Uploads(receiver)
    execute(server, uploads, [tmp_path / 'out'],
            f'cd {tmp_path}/out; echo a >a.log; echo b >b.txt; echo c >keep.log; '
            'mkdir node_modules; echo d >node_modules/d',
            artifacts_ignore_content='*.log\n!keep.log\n')
    assert set(received(receiver)) == {name_of(tmp_path / 'out' / name)
                                       for name in ('b.txt', 'keep.log', 'node_modules/d')}


def test_slow_writer_is_never_seen_half_done(server, receiver, tmp_path):
    uploads = Uploads(receiver)
    execute(server, uploads, [tmp_path / 'out'],
            f'(echo begin; sleep 0.3; echo end) >{tmp_path}/out/slow')
    assert received(receiver) == {name_of(tmp_path / 'out/slow'): b'begin\nend\n'}
    assert len(uploads.paths) == 1


def test_each_change_once(server, receiver, tmp_path):
    uploads = Uploads(receiver)

    async def scenario():
        async with RuntimeUseClient(server.url).session() as session:
            for text in ('one', 'two'):
                await session.execute_commands(
                    [CommandInterface(command=f'echo {text} >{tmp_path}/out/a')],
                    ExecuteCommandsOptions(artifacts_dirs=[str(tmp_path / 'out')],
                                           on_artifact_upload_request=uploads))
                assert received(receiver)[name_of(tmp_path / 'out/a')] == text.encode() + b'\n'

    run(scenario())
    assert uploads.paths == [str(tmp_path / 'out/a')] * 2


def test_many_and_large(server, receiver, tmp_path):
    uploads = Uploads(receiver)
    execute(server, uploads, [tmp_path / 'out'],
            f'cd {tmp_path}/out; for i in $(seq 200); do echo $i >f$i; done; '
            'head -c 20000000 /dev/urandom >large')
    assert len(receiver.files) == 201
    large = tmp_path / 'out/large'
    assert received(receiver)[name_of(large)] == large.read_bytes()


def test_invocation(server, receiver, tmp_path):
    uploads = Uploads(receiver)
    result = run(RuntimeUseClient(server.url).query('ECHO:done', QueryOptions(
        system_prompt='', model='echo', timeout=TIMEOUT * PATIENCE,
        artifacts_dirs=[str(tmp_path / 'out')], on_artifact_upload_request=uploads,
        post_agent_invocation_commands=[CommandInterface(command=f'echo x >{tmp_path}/out/x')])))
    assert result.data.text == 'done'
    assert received(receiver) == {name_of(tmp_path / 'out/x'): b'x\n'}


def test_late_file_comes_at_the_end_of_the_session(server, receiver, tmp_path):
    uploads = Uploads(receiver)

    async def scenario():
        async with RuntimeUseClient(server.url).session() as session:
            await session.execute_commands(
                [CommandInterface(
                    command=f'(sleep 0.4; echo late >{tmp_path}/out/late) >/dev/null 2>&1 &')],
                ExecuteCommandsOptions(artifacts_dirs=[str(tmp_path / 'out')],
                                       on_artifact_upload_request=uploads))
            while not (tmp_path / 'out/late').exists():
                await asyncio.sleep(0.01)

    run(scenario())
    assert received(receiver) == {name_of(tmp_path / 'out/late'): b'late\n'}


def test_secret_in_a_path(server, receiver, tmp_path):
    """The path that is shown has no secret, and the right file is sent all the same."""
    uploads = Uploads(receiver)
    folder = tmp_path / 'out'
    execute(server, uploads, [folder],
            f'mkdir {folder}/s3cr3t-1 {folder}/s3cr3t-2; echo 1 >{folder}/s3cr3t-1/f; '
            f'echo 2 >{folder}/s3cr3t-2/f', secrets_to_redact=['s3cr3t-1', 's3cr3t-2'])
    assert len(uploads.paths) == 2 and len(set(uploads.paths)) == 2
    assert not any('s3cr3t' in path for path in uploads.paths)
    assert sorted(receiver.files.values()) == [b'1\n', b'2\n']


def test_upload_that_fails_ends_nothing(server, receiver, tmp_path):
    uploads = Uploads(receiver)
    receiver.statuses[quote(f'/{tmp_path}/out/a')] = 403
    result = execute(server, uploads, [tmp_path / 'out'], f'echo x >{tmp_path}/out/a')
    assert result.results[0].exit_code == 0
    assert len(uploads.paths) == 1 and len(receiver.requests) == 1


def test_unreachable_address(server, tmp_path):
    asked = []

    async def on_upload(request):
        asked.append(request.filepath)
        return ArtifactUploadResult(presigned_url='http://127.0.0.1:9/x', content_type='a/b')

    result = execute(server, on_upload, [tmp_path / 'out'], f'echo x >{tmp_path}/out/a')
    assert result.results[0].exit_code == 0 and len(asked) == 1


def test_cancel_waits_for_no_file(server, receiver, tmp_path):
    async def scenario():
        client = RuntimeUseClient(server.url)

        async def on_output(message):
            client.abort()

        with pytest.raises(CancelledException):
            await client.execute_commands(
                [CommandInterface(command=f'echo x >{tmp_path}/out/x; echo now; sleep 60')],
                ExecuteCommandsOptions(artifacts_dirs=[str(tmp_path / 'out')],
                                       on_artifact_upload_request=Uploads(receiver),
                                       on_command_output=on_output))

    run(scenario())


@pytest.mark.parametrize('path, word', [('/dev/null', 'EEXIST'), ('/proc/none', 'ENOENT')])
def test_path_that_is_no_folder(client, path, word):
    terminal = client.ask_one({'message_type': 'command_execution_message',
                               'artifacts_dirs': [path], 'commands': [{'command': 'echo ran'}]})
    assert terminal['message_type'] == 'error_message'
    assert terminal['error'].startswith(word) and path in terminal['error']


def test_unoffered_path_is_not_sent(client, receiver, tmp_path):
    client.request({'message_type': 'command_execution_message',
                    'artifacts_dirs': [str(tmp_path)], 'commands': []})
    client.send({'message_type': 'artifact_upload_response_message', 'filename': 'hostname',
                 'filepath': '/etc/hostname', 'presigned_url': f'{receiver.url}/x',
                 'content_type': 'a/b'})
    client.send({'message_type': 'end_session_message'})
    assert client.receive()['message_type'] == 'end_session_confirm_message'
    assert receiver.requests == []


def test_two_sessions_share_a_folder(server, receiver, tmp_path):
    async def one():
        uploads = Uploads(receiver)
        await RuntimeUseClient(server.url).execute_commands(
            [CommandInterface(command=f'echo x >{tmp_path}/out/x-$$')],
            ExecuteCommandsOptions(artifacts_dirs=[str(tmp_path / 'out')],
                                   on_artifact_upload_request=uploads))
        return uploads.paths

    async def scenario():
        return await asyncio.gather(one(), one())

    asked = run(scenario())
    assert all(asked)
    assert {os.path.basename(path) for path in receiver.files} == set(os.listdir(tmp_path / 'out'))
