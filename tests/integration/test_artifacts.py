# SPDX-License-Identifier: LGPL-2.1-or-later
"""What appears in artifact folders reaches the published client, every byte of it."""

import asyncio
import os
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from harness import websocket
from harness.messages import END_SESSION, commands
from harness.processes import PATIENCE, wait_until
from harness.receiver import Receiver
from runtimeuse_client import (ArtifactUploadResult, CancelledException, CommandInterface,
                               ExecuteCommandsOptions, QueryOptions, RuntimeUseClient)

TIMEOUT = 30


@pytest.fixture
def server(warm_server):
    yield warm_server
    warm_server.check_at_rest()
    warm_server.check_log()


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


# what lies there

ODD_NAMES = ['new\nline', 'tab\tand "quotes"', "a'b", ' blank ', '-rf', '$(id)', 'back\\slash',
             '%41?#&', 'größe \U0001f600', '\x1b[1m', '*', '\u202etxt.exe']


def test_odd_names(server, receiver, tmp_path):
    """Each name that is UTF-8 arrives as it is; another one is named in the log and left out."""
    out = tmp_path / 'out'
    out.mkdir()
    for number, name in enumerate(ODD_NAMES):
        (out / name).write_text(str(number))
        (out / 'in' / name).mkdir(parents=True)
        (out / 'in' / name / 'file').write_text(str(-number))
    Path(os.fsdecode(os.fsencode(out) + b'/latin-\xe4')).write_text('no')
    execute(server, Uploads(receiver), [out], 'true')
    assert received(receiver) == {
        **{name_of(out / name): str(number).encode() for number, name in enumerate(ODD_NAMES)},
        **{name_of(out / 'in' / name / 'file'): str(-number).encode()
           for number, name in enumerate(ODD_NAMES)}}
    assert 'latin-' in server.log and 'not UTF-8' in server.log


def make_device(path):
    try:
        os.mknod(path, 0o644 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pass


def test_what_is_no_file(server, receiver, tmp_path):
    """Only regular files of the folder arrive, by each of their names, and nothing hangs."""
    out = tmp_path / 'out'
    out.mkdir()
    (tmp_path / 'secret').write_text('secret')
    (out / 'file').write_text('x')
    os.link(out / 'file', out / 'hard')
    os.mkfifo(out / 'fifo')
    make_device(out / 'zero')
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fsencode(os.path.relpath(out / 'socket')))
        for name, target in {'a': 'b', 'b': 'a', 'self': 'self', 'dot': '.', 'up': '..',
                             'out': '../secret', 'far': '/etc/passwd', 'pipe': 'fifo',
                             'root': '/proc/self/root/etc/passwd', 'cwd': '/proc/self/cwd',
                             'fd': '/proc/self/fd/0', 'gone': 'nothing',
                             'inside': 'file'}.items():
            (out / name).symlink_to(target)
        execute(server, Uploads(receiver), [out], f'echo y >{out}/late')
    assert received(receiver) == {name_of(out / name): b'x' for name in ('file', 'hard', 'inside')
                                  } | {name_of(out / 'late'): b'y\n'}


def test_secret_in_the_folder(server, receiver, tmp_path):
    folder = tmp_path / 's3cr3t-folder' / 'out'
    uploads = Uploads(receiver)
    execute(server, uploads, [folder], f'echo 1 >{folder}/f', secrets_to_redact=['s3cr3t-folder'])
    assert uploads.paths == [str(folder).replace('s3cr3t-folder', '[REDACTED]') + '/f']
    assert list(receiver.files.values()) == [b'1\n']
    assert 's3cr3t' not in server.log


def test_relative_folder(server, receiver, tmp_path):
    """It starts from the directory of the server, and so do the paths."""
    name = f'relative-{os.path.basename(tmp_path)}/out'
    uploads = Uploads(receiver)
    execute(server, uploads, [name], f'mkdir {name}/in; echo 1 >{name}/in/f')
    assert uploads.paths == [f'{name}/in/f']
    assert (server.work / name / 'in/f').read_text() == '1\n'
    assert list(receiver.files.values()) == [b'1\n']


def test_folder_that_is_deleted(server, receiver, tmp_path):
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'first').write_text('first')
    execute(server, Uploads(receiver), [out], f'rm -r {out}',
            f'mkdir -p {out}/in; echo again >{out}/in/file', f'rm -r {out}/in; echo 2 >{out}/file')
    assert received(receiver)[name_of(out / 'file')] == b'2\n'


class Flood(Receiver):
    """Keeps of a large body only how it ends, if all before that are zeros."""

    def read(self, stream, length):
        zeros = bytes(1 << 20)
        left = length - 4
        while left:
            block = stream.read(min(left, len(zeros)))
            if not block or block != zeros[:len(block)]:
                return None
            left -= len(block)
        return length, stream.read(4)


def test_huge_file_with_a_hole(server, roomy_folder):
    """More bytes than a signed number of 32 bits can say; on disk it takes none."""
    receiver = Flood()
    size = (1 << 31) + (1 << 20)
    with open(roomy_folder / 'huge', 'wb') as file:
        file.seek(size - 4)
        file.write(b'tail')
    execute(server, Uploads(receiver), [roomy_folder], 'true')
    wait_until(lambda: receiver.files, 'the file', 60)
    receiver.close()
    assert [body for _, body in receiver.bodies] == [(size, b'tail')]


# the address

def test_slow_address(server, tmp_path):
    """An answer that takes long holds the result, but not another session."""
    answer = threading.Event()

    def trouble(path, status):
        assert answer.wait(TIMEOUT * PATIENCE)
        return status

    receiver = Receiver(trouble)
    call = threading.Thread(target=execute, args=(
        server, Uploads(receiver), [tmp_path / 'out'], f'echo x >{tmp_path}/out/a'))
    call.start()
    wait_until(lambda: receiver.requests, 'the upload')
    execute(server, None, [], 'true')
    assert call.is_alive()
    answer.set()
    call.join(TIMEOUT * PATIENCE)
    receiver.close()
    assert not call.is_alive()
    assert received(receiver) == {name_of(tmp_path / 'out/a'): b'x\n'}


@pytest.mark.parametrize('trouble', [None, 429, 503])
def test_address_that_fails_once(server, tmp_path, trouble):
    """It hangs up, or says that it might work later; then it does."""
    statuses = [trouble]
    receiver = Receiver(lambda path, status: statuses.pop() if statuses else status)
    receiver.headers = {'Retry-After': '1'}
    execute(server, Uploads(receiver), [tmp_path / 'out'], f'echo x >{tmp_path}/out/a')
    receiver.close()
    assert len(receiver.requests) == 2
    assert received(receiver) == {name_of(tmp_path / 'out/a'): b'x\n'}


def test_at_most_six_at_once(server, tmp_path):
    def trouble(path, status):
        """Waits until there are as many as there may be, or no more come."""
        deadline = time.monotonic() + PATIENCE
        while receiver.most_running < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        return status

    receiver = Receiver(trouble)
    execute(server, Uploads(receiver), [tmp_path / 'out'],
            f'cd {tmp_path}/out; for i in $(seq 40); do echo $i >f$i; done')
    receiver.close()
    assert len(receiver.files) == 40 and receiver.most_running == 6


# what changes meanwhile

def test_file_that_changes_while_it_is_sent(server, tmp_path):
    """It is offered again, and no part of what it was has arrived."""
    path = tmp_path / 'out/a'
    changes = [b'changed']

    def begin(_):
        if changes:
            with open(path, 'r+b') as file:
                file.write(changes.pop())

    receiver = Receiver(begin=begin)
    uploads = Uploads(receiver)
    execute(server, uploads, [path.parent], f'head -c 30000000 /dev/zero >{path}')
    receiver.close()
    assert uploads.paths == [str(path)] * 2
    assert [body for _, body in receiver.bodies] == [path.read_bytes()]


def take_offers(client, count):
    offers = []
    while len(offers) < count:
        message = client.receive()
        if message['message_type'] == 'artifact_upload_request_message':
            offers.append(message)
    return offers


def test_answers_in_any_order(client, receiver, tmp_path):
    client.send(commands(f'cd {tmp_path}; mkdir 1 2 3; for i in 1 2 3; do echo $i >$i/same; done',
                         artifacts_dirs=[str(tmp_path)]))
    for offer in reversed(sorted(take_offers(client, 3), key=lambda offer: offer['filepath'])):
        client.send({**offer, 'message_type': 'artifact_upload_response_message',
                     'presigned_url': f'{receiver.url}{offer["filepath"]}', 'content_type': 'a/b'})
        result = client.receive()
        assert result['message_type'] == 'artifact_upload_result_message'
        assert result['filepath'] == offer['filepath'] and result['ok']
    client.receive_until_terminal()
    assert receiver.files == {str(tmp_path / f'{i}/same'): f'{i}\n'.encode() for i in (1, 2, 3)}
    assert [path for path, _ in receiver.requests] == [str(tmp_path / f'{i}/same')
                                                       for i in (3, 2, 1)]


def test_call_that_cannot_answer(start_server, receiver, tmp_path):
    """What was offered in a call without a callback is offered again at the end of the session."""
    server = start_server('--limit', f'artifact-hold={int(2000 * PATIENCE)}')
    uploads = Uploads(receiver)
    folder = tmp_path / 'out'

    async def scenario():
        async with RuntimeUseClient(server.url).session() as session:
            for name, options in (
                    ('one', ExecuteCommandsOptions(artifacts_dirs=[str(folder)],
                                                   on_artifact_upload_request=uploads)),
                    ('two', ExecuteCommandsOptions())):
                await session.execute_commands(
                    [CommandInterface(command=f'echo x >{folder}/{name}')], options)

    run(scenario())
    assert uploads.paths == [str(folder / 'one'), str(folder / 'two')]
    assert set(received(receiver)) == {name_of(folder / name) for name in ('one', 'two')}


def test_end_waits_only_so_long_for_an_answer(start_server, tmp_path):
    server = start_server('--limit', 'artifact-hold=0', '--limit', 'artifact-wait=3')
    with websocket.connect(server.port) as client:
        client.request(commands(f'echo x >{tmp_path}/a', artifacts_dirs=[str(tmp_path)]))
        client.send(END_SESSION)
        take_offers(client, 1)
        assert client.receive()['message_type'] == 'end_session_confirm_message'


# what the machine lacks

LIMITED = ['unshare', '--user', '--map-root-user', 'sh', '-c',
           'echo 5 >/proc/sys/user/max_inotify_watches && exec "$@"', 'sh']


def test_no_more_inotify_watches(start_server, receiver, tmp_path):
    """Then the folder is scanned, and the log says so."""
    if subprocess.run([*LIMITED, 'true'], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip('takes a user namespace')
    server = start_server(prefix=LIMITED)
    out = tmp_path / 'out'
    execute(server, Uploads(receiver), [out],
            f'cd {out}; for i in $(seq 20); do mkdir -p d$i/e; echo $i >d$i/e/f; done')
    assert received(receiver) == {name_of(out / f'd{i}/e/f'): f'{i}\n'.encode()
                                  for i in range(1, 21)}
    assert 'fs.inotify.max_user_watches may be raised' in server.log
