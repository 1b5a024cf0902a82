# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secrets of a request and of the server stay where they belong."""

import json
import os
import sys
from pathlib import Path

import pytest
from harness import processes, websocket
from harness.messages import command, commands, invocation, output, text_of

SPLIT_WRITER = str(Path(__file__).with_name('split_writer.py'))
SECRET = 'hunter2-ä✓-😀-0123456789'
TOKEN = 'token-5f0e8c1d7b-2f'
RED = '[REDACTED]'
# Root may look at everything, unless it gives up the rights that other users do not have.
AS_USER = (['setpriv', '--bounding-set=-all', '--inh-caps=-all']
           if os.geteuid() == 0 else [])


def everything(messages):
    """Return all strings of all messages, names of members too."""
    def walk(value):
        if isinstance(value, dict):
            for name, member in value.items():
                yield name
                yield from walk(member)
        elif isinstance(value, list):
            for member in value:
                yield from walk(member)
        elif isinstance(value, str):
            yield value

    return '\n'.join(walk(messages))


@pytest.mark.parametrize('descriptor, stream', [(1, 'stdout'), (2, 'stderr')])
def test_secret_split_at_every_place(server, client, descriptor, stream):
    """Also in the middle of a character."""
    text = SECRET.encode().hex()
    messages = client.request(commands(
        f'{sys.executable} {SPLIT_WRITER} {text} {descriptor}', secrets_to_redact=[SECRET]))
    assert messages[-1]['results'][0]['exit_code'] == 0
    assert output(messages, stream) == f'<{RED}>\n' * (len(SECRET.encode()) + 1)
    assert SECRET not in everything(messages)
    if stream == 'stdout':
        assert messages[-1]['results'][0]['stdout'] == output(messages)


def test_text_that_only_begins_like_a_secret(client):
    text = SECRET[:-1].encode().hex()
    messages = client.request(commands(f'{sys.executable} {SPLIT_WRITER} {text}',
                                       secrets_to_redact=[SECRET]))
    assert output(messages) == f'<{SECRET[:-1]}>\n' * (len(SECRET[:-1].encode()) + 1)


def test_prompt_is_not_held_back(client, tmp_path):
    """Only what may be the beginning of a secret waits for more."""
    gate = tmp_path / 'gate'
    os.mkfifo(gate)
    client.send(commands(f'printf "name: "; read x < {gate}', secrets_to_redact=['secret']))
    assert client.receive()['text'] == 'name: '
    gate.write_text('x\n')
    client.receive_until_terminal()


def test_beginning_of_a_secret_at_the_end(client):
    messages = client.request(commands('printf hunt', secrets_to_redact=['hunter22']))
    assert output(messages) == 'hunt'


@pytest.mark.parametrize('secrets, text, wanted', [
    (['abc', 'abcdef'], 'abcdef', RED), (['abcdef', 'abc'], 'abcdef', RED),
    (['abcd', 'cdef'], 'xabcdefx', f'x{RED}x'), (['aa'], 'aaaa', None),
    (['secret'], 'secretsecret', None), (['Secret'], 'secret', 'secret'),
    (['a\nb'], 'a\nb', RED), (['ä'], 'xäx', f'x{RED}x')])
def test_secrets_that_overlap(client, secrets, text, wanted):
    messages = client.request(commands(command('printf %s "$X"', env={'X': text}),
                                       secrets_to_redact=secrets))
    assert output(messages) in ([wanted] if wanted else [RED, RED * 2])
    assert output(messages) == messages[-1]['results'][0]['stdout']


def test_secret_in_everything_that_is_said(client):
    secret = 'hunter22'
    for message in (
            commands(f'echo {secret}; echo {secret} >&2; exit 3'),
            commands(command('echo x', cwd=f'/dev/null/{secret}')),
            invocation(f'ECHO:{secret}'), invocation(f'ERROR:{secret}'),
            invocation('STRUCTURED:' + json.dumps({secret: [secret, {secret + 'x': 'a'}]})),
            invocation('STRUCTURED:{"a": "hunter\\u00322"}'),
            invocation(f'plain {secret}'),
            invocation('ECHO:x', pre_agent_invocation_commands=[command(f': {secret}; exit 1')]),
            invocation('ECHO:x', post_agent_invocation_commands=[command(f'echo {secret}')])):
        messages = client.request({**message, 'secrets_to_redact': [secret]})
        assert secret not in everything(messages)
        assert RED in everything(messages) or 'exit code' in messages[-1].get('error', '')


def test_names_that_become_equal_stay_distinct(client):
    terminal = client.ask_one(invocation('STRUCTURED:{"one1": 1, "one2": 2, "x": 3}',
                                         secrets_to_redact=['one1', 'one2']))
    result = terminal['data']['structured_output']
    assert sorted(result.values()) == [1, 2, 3] and result[RED] == 1
    assert len(result) == 3 and 'one2' not in json.dumps(result)


def test_protocol_words_are_no_secrets(client):
    words = ['message_type', 'stream', 'stdout', 'text', 'results', 'exit_code', 'type',
             'command_output_message', 'result_message', 'data', 'e']
    messages = client.request(commands('echo x', secrets_to_redact=words))
    assert [m['message_type'] for m in messages] == ['command_output_message',
                                                    'command_execution_result_message']
    assert messages[0]['stream'] == 'stdout' and messages[-1]['results'][0]['exit_code'] == 0


def test_secrets_are_those_of_the_request(client):
    assert output(client.request(commands('echo one two', secrets_to_redact=['one']))) == \
        f'{RED} two\n'
    assert output(client.request(commands('echo one two', secrets_to_redact=['two']))) == \
        f'one {RED}\n'
    assert output(client.request(commands('echo one two'))) == 'one two\n'


def test_secret_at_the_cut_of_a_long_text(client):
    """Redacted before it is cut: no half of a secret is left at an edge."""
    secret = 'S' * 40
    messages = client.request(commands(
        f"yes {secret} | head -n 60000; seq 1 100000", secrets_to_redact=[secret]))
    assert 'SS' not in everything(messages)
    assert messages[-1]['results'][0]['stdout_truncated'] is True


def test_variables_with_telling_names_are_secrets(client):
    env = {'API_KEY': 'value-one', 'MY_PASSWORD': 'value-two', 'OTHER': 'value-three',
           'SHORT_KEY': 'abc'}
    messages = client.request(commands(command('echo $API_KEY $MY_PASSWORD $OTHER $SHORT_KEY',
                                               env=env)))
    assert output(messages) == f'{RED} {RED} value-three abc\n'


def test_secrets_are_not_in_the_log(start_server):
    server = start_server('--log-level', 'debug')
    with websocket.connect(server.port) as client:
        client.request(commands('echo hunter22; exit 1', secrets_to_redact=['hunter22'],
                                source_id='source-hunter22'))
        client.request(invocation('ERROR:hunter22', secrets_to_redact=['hunter22']))
        client.request(commands(command('true', cwd='/dev/null/hunter22'),
                                secrets_to_redact=['hunter22']))
        client.close()
    server.stop()
    assert 'hunter22' not in server.log + server.stdout


# The token of the server


@pytest.fixture
def guarded(start_server, tmp_path):
    path = tmp_path / 'secret-token'
    path.write_text(TOKEN + '\n')
    path.chmod(0o600)
    return start_server('--token-file', str(path), '--log-level', 'debug')


def connect(server):
    return websocket.connect(server.port, Authorization=f'Bearer {TOKEN}')


def test_token_is_not_in_the_log(guarded):
    for headers, target in (({}, f'/?token={TOKEN}'), ({}, f'/?token={TOKEN}x'),
                            ({'Authorization': f'Bearer {TOKEN}'}, '/'),
                            ({'Authorization': f'Bearer {TOKEN}y'}, '/')):
        with websocket.Connection(guarded.port) as connection:
            connection.ask(target=target, **headers)
    guarded.stop()
    assert TOKEN not in guarded.log + guarded.stdout


FIND_TOKEN = r'''
import glob
token = bytes.fromhex('%s')
found, looked_at = [], 0
for pattern in ('environ', 'cmdline', 'task/*/environ', 'task/*/comm'):
    for path in glob.glob('/proc/[0-9]*/' + pattern):
        try:
            with open(path, 'rb') as file:
                data = file.read()
        except OSError:
            continue
        looked_at += 1
        if token in data:
            found.append(path)
print(looked_at, found)
'''


@pytest.mark.parametrize('way', ['file', 'variable'])
def test_commands_cannot_see_the_token(start_server, tmp_path, way):
    """Neither in their own environment, nor in that of the server or of its helpers."""
    path = tmp_path / 'secret-token'
    path.write_text(TOKEN)
    options = {'file': {'arguments': ['--token-file', str(path)]},
               'variable': {'env': {'RUNTIMEUSE_TOKEN': TOKEN}}}[way]
    server = start_server(*options.pop('arguments', []), prefix=AS_USER, **options)
    script = tmp_path / 'find.py'
    script.write_text(FIND_TOKEN % TOKEN.encode().hex())
    with connect(server) as client:
        messages = client.request(commands('env', f'{sys.executable} {script}'))
    assert TOKEN not in everything(messages)
    looked_at, found = messages[-1]['results'][1]['stdout'].split(' ', 1)
    assert int(looked_at) > 5 and found == '[]\n'


def test_server_is_not_dumpable(start_server):
    """Others of the same user cannot read its memory, environment or descriptors."""
    server = start_server(prefix=AS_USER)
    with websocket.connect(server.port) as client:
        for name in ('environ', 'maps', 'auxv'):
            results = client.ask_one(commands(
                # The check itself works: other processes can be read.
                f'sleep 60 & head -c 1 /proc/$!/{name} >/dev/null; code=$?; kill $!; exit $code',
                f'head -c 1 /proc/{server.pid}/{name}'))['results']
            assert [result['exit_code'] for result in results] == [0, 1], name


def test_environment_is_not_shown(start_server):
    """Not even to commands that run as the user who may read it, and they get it all the same."""
    server = start_server(env={'SOME_KEY': SECRET, 'LAST': 'last'})
    with websocket.connect(server.port) as client:
        results = client.ask_one(commands(
            f'cat /proc/{server.pid}/environ | tr "\\0" x', 'echo $SOME_KEY $LAST'))['results']
    if os.geteuid() == 0:
        assert results[0]['exit_code'] == 0
    assert set(results[0].get('stdout', '')) <= {'x'}
    assert results[1]['stdout'] == f'{SECRET} last\n'


def test_stubs_do_not_know_the_token(guarded):
    with connect(guarded) as client:
        client.request(commands('true'))
        for pid in processes.descendants(guarded.pid):
            assert TOKEN not in processes.read_proc(pid, 'environ')
            assert TOKEN not in processes.read_proc(pid, 'cmdline')
