# SPDX-License-Identifier: LGPL-2.1-or-later
"""The handler hosts that are shipped, with handlers that behave and others that do not."""

import array
import fcntl
import json
import os
import signal
import termios
import time

import pytest
from harness import processes
from harness.host import HANDLERS, Host, host_command
from harness.processes import PATIENCE, wait_until

RUNTIMES = ('node', 'bun', 'python')
JAVASCRIPT = ('node', 'bun')
ECHO = {'node': 'echo-handler.js', 'bun': 'echo-handler.js', 'python': 'echo_handler.py',
        'python-async': 'echo_handler_async.py', 'own': 'echo-handler'}
ODD = {'node': 'odd-handler.mjs', 'bun': 'odd-handler.mjs', 'python': 'odd_handler.py'}
PIPE_SIZE = 65536

every_echo = pytest.mark.parametrize('runtime', list(ECHO))
every_shipped_echo = pytest.mark.parametrize('runtime', [name for name in ECHO if name != 'own'])
every_runtime = pytest.mark.parametrize('runtime', RUNTIMES)
with_javascript = pytest.mark.parametrize('runtime', JAVASCRIPT)


@pytest.fixture
def start(tmp_path):
    """Starts hosts, and ends them afterwards."""
    started = []

    def start_host(runtime, handlers=ECHO, **options):
        handler = HANDLERS / handlers[runtime]
        command = [] if runtime == 'own' else host_command(runtime.partition('-')[0])
        started.append(Host([*command, handler], tmp_path / f'host-{len(started)}', **options))
        return started[-1]

    yield start_host
    for host in started:
        host.stop()


@pytest.fixture(scope='module')
def odd(tmp_path_factory):
    """Gives hosts that all cases share: what one handler does harms no other."""
    started = {}

    def find_host(runtime):
        if runtime not in started:
            command = [*host_command(runtime), HANDLERS / ODD[runtime]]
            started[runtime] = Host(command, tmp_path_factory.mktemp(runtime))
        return started[runtime]

    yield find_host
    for host in started.values():
        host.close_input()
        assert host.wait() == 0
        assert host.stderr == ''
        host.stop()


def text_result(identity, text):
    return {'type': 'result', 'id': identity,
            'result': {'type': 'text', 'text': text, 'metadata': {}}}


def check_alive(host, identity='alive', prompt='ECHO:alive'):
    assert host.outcome(identity, prompt) == text_result(identity, prompt.split(':')[1])


def texts(messages):
    return [message['text_blocks'][0] for message in messages
            if message['type'] == 'assistant_message']


def failure(host, prompt):
    message = host.outcome(prompt, prompt)
    assert message['type'] == 'failed', message
    assert isinstance(message['error']['message'], str)
    return message['error']


# What a handler is told, and what it says

@every_echo
def test_echo(start, runtime):
    host = start(runtime)
    assert host.outcome('1', 'ECHO:hello') == text_result('1', 'hello')
    assert host.outcome('2', 'plain') == text_result('2', 'plain')
    assert host.outcome('3', 'STRUCTURED:{"a":[1,null,"é"]}') == {
        'type': 'result', 'id': '3', 'result': {
            'type': 'structured_output', 'structured_output': {'a': [1, None, 'é']},
            'metadata': {}}}
    messages = host.run('4', 'STREAM:3')
    assert texts(messages) == [f'message {number} of 3' for number in (1, 2, 3)]
    assert messages[-1] == text_result('4', 'streamed 3 messages')


@every_echo
def test_error_message(start, runtime):
    first, *_, last = [message for message in start(runtime).run('1', 'ERROR:bad')
                       if message['type'] != 'log']
    assert first == {'type': 'error_message', 'id': '1', 'error': 'bad',
                     'metadata': {'source': 'echo_handler'}}
    assert last['type'] == 'failed'
    assert last['error']['message'] == 'bad'
    assert last['error']['name'] in ('Error', 'RuntimeError')


@with_javascript
def test_invocation_in_javascript(odd, runtime):
    host = odd(runtime)
    shown = json.loads(host.outcome('1', 'SHOW')['result']['text'])
    assert shown['names'] == ['env', 'logger', 'model', 'outputFormat', 'secrets', 'signal',
                              'systemPrompt', 'userPrompt']
    assert (shown['outputFormat'], shown['env'], shown['signal']) == ('undefined', 'undefined',
                                                                      True)
    schema = {'type': 'json_schema', 'schema': {}}
    shown = json.loads(host.outcome('2', 'SHOW', output_format=schema, env={'A': 'b'},
                                    secrets=['x'])['result']['text'])
    assert (shown['systemPrompt'], shown['model'], shown['secrets']) == ('s', 'm', ['x'])
    assert (shown['outputFormat'], shown['env']) == (schema, {'A': 'b'})


def test_invocation_in_python(odd):
    host = odd('python')
    shown = json.loads(host.outcome('1', 'SHOW')['result']['text'])
    assert shown == {'system_prompt': 's', 'user_prompt': 'SHOW', 'output_format': None,
                     'model': 'm', 'secrets': [], 'env': {}}
    shown = json.loads(host.outcome('2', 'SHOW', output_format={'a': 1}, env={'A': 'b'},
                                    secrets=['x'])['result']['text'])
    assert shown['output_format'] == {'a': 1}
    assert (shown['env'], shown['secrets']) == ({'A': 'b'}, ['x'])


@with_javascript
def test_logger_in_javascript(odd, runtime):
    lines = odd(runtime).run('1', 'LOG')[:-1]
    assert [(line['type'], line['id'], line['level']) for line in lines] == [
        ('log', '1', level) for level in ('debug', 'info', 'info', 'warning', 'error')]
    names = ('debug', 'info', 'log', 'warn', 'error')
    assert [' '.join(line['message'].split()) for line in lines] == [
        f'{name} is {{ a: 1 }}' for name in names]


def test_logger_in_python(odd):
    lines = odd('python').run('1', 'LOG')[:-1]
    assert [line['level'] for line in lines] == ['debug', 'info', 'warning', 'error', 'info',
                                                 'error']
    assert lines[2]['message'] == "warning is {'a': 1}"
    assert 'cannot be formatted' in lines[4]['message']
    assert lines[5]['message'].startswith('with stack\nTraceback ')


@every_runtime
def test_output_is_left_alone(start, runtime):
    host = start(runtime, ODD)
    assert host.outcome('1', 'PRINT')['result']['text'] == 'printed'
    wait_until(lambda: host.stdout == 'to stdout\n{"type":"fatal","error":"no"}\n', 'stdout')
    wait_until(lambda: host.stderr == 'to stderr\n', 'stderr')
    assert host.outcome('2', 'PRINT')['type'] == 'result'


@every_runtime
@pytest.mark.parametrize('what, words', [
    ('number', ('not 7', 'not an int')),
    ('item', ('item 1',)),
    ('error', ('object', 'dict')),
    ('metadata', ('metadata',)),
    ('large', ('8388608',)),
])
def test_wrong_messages(odd, runtime, what, words):
    error = failure(odd(runtime), f'SEND:{what}')
    assert error['name'] in ('TypeError', 'RangeError', 'ValueError')
    assert any(word in error['message'] for word in words)


@every_runtime
def test_a_string_is_one_block(odd, runtime):
    message, result = odd(runtime).run('1', 'SEND:string')
    assert message['text_blocks'] == ['one block']
    assert result['type'] == 'result'


# Results

@every_runtime
@pytest.mark.parametrize('what, words', [
    ('unknown', 'picture'),
    ('none', 'run returned'),
    ('string', 'run returned a str'),
    ('no-text', 'text is'),
    ('number-text', 'text is'),
    ('list-metadata', 'metadata is'),
    ('no-structure', 'is'),
    ('list', 'not'),
    ('cyclic', '.self contains itself'),
    ('function', '.a.b is a'),
    ('nan', '.a[1] is'),
    ('deep', 'has more than 60 levels'),
    ('large', '8388608'),
    ('map', '.a is a'),
    ('metadata', 'metadata.f is a'),
])
def test_wrong_results(odd, runtime, what, words):
    host = odd(runtime)
    error = failure(host, f'RESULT:{what}')
    assert error['message'].startswith('result: ')
    assert words in error['message']
    assert 'error_name' in error['metadata']
    assert host.outcome('2', 'RESULT:deep-enough')['type'] == 'result'


@with_javascript
def test_results_of_javascript(odd, runtime):
    host = odd(runtime)
    assert 'structuredOutput.a[1] is a bigint' in failure(host, 'RESULT:big')['message']
    result = host.outcome('1', 'RESULT:date')['result']
    assert result['structured_output'] == {'at': '1970-01-01T00:00:00.000Z'}
    result = host.outcome('2', 'RESULT:prototype')['result']
    assert result['structured_output'] == {'__proto__': {'a': 1}}


def test_results_of_python(odd):
    host = odd('python')
    assert 'structured_output has the name 1' in failure(host, 'RESULT:name')['message']
    assert 'structured_output.at is a date' in failure(host, 'RESULT:datetime')['message']
    assert host.outcome('1', 'RESULT:camel')['result']['structured_output'] == {'a': 1}


@every_runtime
def test_half_characters(odd, runtime):
    """Half a surrogate pair cannot be written in UTF-8."""
    result = odd(runtime).outcome('1', 'RESULT:surrogate')['result']
    assert result['text'] == 'a\ufffdb\\ud800\U0001f600'


# Exceptions

@every_runtime
def test_exception(odd, runtime):
    *logs, failed = odd(runtime).run('1', 'THROW:error')
    error = failed['error']
    assert (error['name'], error['message']) == ('Odd', 'odd')
    assert error['metadata'] == {
        'error_name': 'Own', 'hint': 'none', 'error_details': {'code': 'E_ODD'},
        'cause': {'error_name': 'TypeError', 'message': 'why'}}
    assert [(line['type'], line['level']) for line in logs] == [('log', 'error')]
    assert ODD[runtime] in logs[0]['message']


@with_javascript
@pytest.mark.parametrize('what, message, metadata', [
    ('string', 'only text', {'error_type': 'string'}),
    ('number', '42', {'error_type': 'number'}),
    ('undefined', 'the handler threw undefined', {'error_type': 'undefined'}),
    ('null', 'the handler threw null', {'error_type': 'null'}),
    ('object', json.dumps({'code': 7, 'list': [1] * 30}, separators=(',', ':')),
     {'error_type': 'object', 'error_details': {'code': 7, 'list': [1] * 20}}),
])
def test_thrown_values(odd, runtime, what, message, metadata):
    error = failure(odd(runtime), f'THROW:{what}')
    assert error == {'message': message, 'metadata': metadata}


@every_runtime
def test_bounds_of_exceptions(odd, runtime):
    host = odd(runtime)
    details = failure(host, 'THROW:deep')['metadata']['error_details']
    assert details == {'a': {'b': {'c': {'d': '[max depth reached]'}}}}
    note = failure(host, 'THROW:long')['metadata']['error_details']['note']
    assert note == 'y' * 4000 + '... [truncated 1000 chars]'
    assert '[max depth reached]' in json.dumps(failure(host, 'THROW:cyclic')['metadata'])


@with_javascript
@pytest.mark.parametrize('what', ['getter', 'frozen'])
def test_unreadable_exceptions(odd, runtime, what):
    host = odd(runtime)
    failure(host, f'THROW:{what}')
    assert host.outcome('1', 'SEND:string')['type'] == 'result'


def test_exceptions_of_python(odd):
    host = odd('python')
    assert failure(host, 'THROW:silent')['message'] == '[no text]'
    assert failure(host, 'THROW:interrupt')['name'] == 'KeyboardInterrupt'
    error = failure(host, 'THROW:os')
    assert error['metadata']['error_details'] == {'errno': 2, 'filename': '/nonexistent'}
    assert failure(host, 'NONE')['name'] == 'KeyError'


@with_javascript
@pytest.mark.parametrize('what', ['exit', 'reallyExit', 'abort', 'imported'])
def test_exit_in_javascript(odd, runtime, what):
    host = odd(runtime)
    assert 'must not end the process' in failure(host, f'EXIT:{what}')['message']
    assert host.outcome('1', 'SEND:string')['type'] == 'result'


@pytest.mark.parametrize('prompt', ['EXIT:3', 'ASYNC-EXIT:3', 'TIMER-EXIT', 'TASK-EXIT'])
def test_exit_in_python(odd, prompt):
    host = odd('python')
    error = failure(host, prompt)
    assert error['name'] == 'SystemExit'
    assert 'must not end the process' in error['message']
    assert host.outcome('1', 'SEND:string')['type'] == 'result'


def test_stopped_event_loop(odd):
    assert odd('python').outcome('1', 'STOP')['result']['text'] == 'goes on'


# bun does not tell whose promise it was; then there is only a log line.
@pytest.mark.parametrize('runtime, prompt', [
    ('node', 'TIMER'), ('node', 'REJECT'), ('node', 'TIMER-EXIT'), ('bun', 'TIMER'),
    ('bun', 'TIMER-EXIT'), ('python', 'TIMER'), ('python', 'REJECT'),
])
def test_uncaught_fails_its_invocation(start, runtime, prompt):
    host = start(runtime, ODD)
    host.invoke('other', 'SHOUT')
    host.receive_type('assistant_message')
    host.invoke('1', prompt)
    failed = host.collect('1')[-1]
    assert failed['type'] == 'failed'
    assert failed['error']['message'] == 'odd' or 'must not end' in failed['error']['message']
    host.cancel('other')
    assert host.collect('other')[-1]['type'] in ('result', 'cancelled')


@pytest.mark.parametrize('runtime, prompt', [('bun', 'REJECT'), ('python', 'THREAD')])
def test_uncaught_of_nobody(start, runtime, prompt):
    host = start(runtime, ODD)
    host.invoke('1', prompt)
    line = host.receive_type('log')
    assert (line['level'], 'id' in line) == ('error', False)
    assert 'odd' in line['message']
    assert host.outcome('2', 'SEND:string')['type'] == 'result'


@every_runtime
def test_late_words(start, runtime):
    host = start(runtime, ODD)
    assert host.outcome('1', 'LATE')['result']['text'] == 'early'
    seen = []
    while not seen or 'too late' not in seen[-1]['message']:
        seen.append(host.receive())
        assert seen[-1]['type'] == 'log' and 'id' not in seen[-1]
    assert host.outcome('2', 'SEND:string')['type'] == 'result'


# Many at once, cancel

@every_shipped_echo
def test_many_at_once(start, runtime):
    host = start(runtime)
    count = 60
    for number in range(count):
        host.invoke(f'w{number}', 'WAIT:60000')
    for number in range(count):
        host.invoke(f's{number}', 'STREAM:20')
    ended = {}
    said = {}
    while len(ended) < count:
        message = host.receive()
        if message['type'] == 'result':
            ended[message['id']] = message
        elif message['type'] == 'assistant_message':
            said.setdefault(message['id'], []).append(message['text_blocks'][0])
    assert set(ended) == {f's{number}' for number in range(count)}
    expected = [f'message {number} of 20' for number in range(1, 21)]
    assert all(blocks == expected for blocks in said.values()) and len(said) == count

    for number in range(count):
        host.cancel(f'w{number}')
    ended = {host.receive_type('cancelled')['id'] for _ in range(count)}
    assert ended == {f'w{number}' for number in range(count)}
    check_alive(host)


@every_echo
def test_cancel(start, runtime):
    host = start(runtime)
    host.invoke('1', 'WAIT:60000')
    host.cancel('1')
    started = time.monotonic()
    assert host.collect('1')[-1] == {'type': 'cancelled', 'id': '1'}
    assert time.monotonic() - started < 10 * PATIENCE
    host.cancel('1')
    host.cancel('unknown')
    check_alive(host)


@every_shipped_echo
def test_cancel_that_is_ignored(start, runtime):
    host = start(runtime)
    host.invoke('1', 'SLOW:300')
    host.invoke('2', 'HANG:idle')
    host.cancel('1')
    host.cancel('2')
    assert host.collect('1')[-1] == text_result('1', 'slept 300 ms')
    check_alive(host)


def test_cancel_before_the_first_step(start):
    host = start('python-async')
    both = [{'type': 'invoke', 'id': '1', 'invocation': {'user_prompt': 'WAIT:60000'}},
            {'type': 'cancel', 'id': '1'}]
    for _ in range(50):
        host.send_bytes(b''.join(json.dumps(message).encode() + b'\n' for message in both))
        assert host.receive_type('cancelled')['id'] == '1'
    check_alive(host)


def test_python_catches_the_cancel(start):
    host = start('python', ODD)
    host.invoke('1', 'CATCH')
    host.invoke('2', 'SEND:string')
    host.collect('2')
    host.cancel('1')
    assert host.collect('1')[-1]['result']['text'] == 'caught True'


@every_runtime
def test_listener_that_raises(start, runtime):
    host = start(runtime, ODD)
    host.invoke('1', 'LISTEN')
    host.invoke('2', 'SEND:string')
    host.collect('2')
    host.cancel('1')
    assert host.collect('1')[-1]['type'] in ('cancelled', 'result')
    assert host.outcome('3', 'SEND:string')['type'] == 'result'


def test_busy_handler_does_not_keep_others(start):
    """In Python, each handler that is no coroutine has a thread."""
    host = start('python')
    host.invoke('1', 'HANG:busy')
    check_alive(host)


# Pause

def pass_time(host, identity):
    """Let something else take its time; return what the others said meanwhile."""
    host.invoke(identity, 'PACED:30')
    found = []
    while True:
        message = host.receive()
        if message.get('id') != identity:
            found.append(message)
        elif message['type'] == 'result':
            return found


PACED = [('node', 'PACED'), ('bun', 'PACED'), ('python', 'PACED'), ('python', 'STREAM')]


@pytest.mark.parametrize('runtime, prompt', PACED)
def test_pause(start, runtime, prompt):
    host = start(runtime, ODD)
    host.invoke('1', f'{prompt}:200')
    said = [host.receive_type('assistant_message')['text_blocks'][0]]
    host.send(type='pause', id='1')
    said += texts(pass_time(host, 'a'))
    assert pass_time(host, 'b') == []
    assert len(said) < 200
    host.send(type='resume', id='1')
    messages = host.collect('1')
    assert said + texts(messages) == [str(number) for number in range(1, 201)]
    assert messages[-1]['result']['text'] == 'done'


@pytest.mark.parametrize('runtime, prompt', PACED)
def test_cancel_while_paused(start, runtime, prompt):
    host = start(runtime, ODD)
    host.invoke('1', f'{prompt}:100')
    host.receive_type('assistant_message')
    host.send(type='pause', id='1')
    pass_time(host, 'a')
    host.cancel('1')
    # Handlers that do not look at the signal go on to their end.
    assert host.collect('1')[-1]['type'] in ('result', 'cancelled')


@every_runtime
@pytest.mark.parametrize('ending', ['resume', 'cancel'])
def test_pause_of_a_handler_that_does_not_wait(start, runtime, ending):
    host = start(runtime, ODD)
    host.invoke('1', 'UNPACED:100')
    host.send(type='pause', id='1')
    assert pass_time(host, 'a') + pass_time(host, 'b') + pass_time(host, 'c') == []
    host.send(type=ending, id='1')
    messages = host.collect('1')
    if ending == 'resume' or runtime != 'python':
        assert texts(messages) == [str(number) for number in range(1, 101)]
        assert messages[-1]['result']['text'] == 'done'


@every_runtime
def test_what_is_held_is_bounded(start, runtime):
    host = start(runtime, ODD)
    host.invoke('1', 'UNPACED:60000')
    host.send(type='pause', id='1')
    first = host.receive_type('assistant_message')
    host.send(type='resume', id='1')
    messages = [first, *host.collect('1')]
    assert texts(messages) == [str(number) for number in range(1, 60001)]


# Lines, pipes and descriptors

@every_shipped_echo
def test_lines_in_pieces(start, runtime):
    host = start(runtime)
    text = 'é€😀' * 3
    line = json.dumps({'type': 'invoke', 'id': '1',
                       'invocation': {'user_prompt': f'ECHO:{text}'}}, ensure_ascii=False).encode()
    for index in range(len(line)):
        host.send_bytes(line[index:index + 1])
    host.send_bytes(b'\n' + line.replace(b'"1"', b'"2"') + b'\n' + line.replace(b'"1"', b'"3"')
                    + b'\n')
    assert {host.receive()['result']['text'] for _ in range(3)} == {text}


@every_shipped_echo
def test_large_lines(start, runtime):
    host = start(runtime)
    text = 'x€' * 1_500_000
    message = {'type': 'invoke', 'id': '1', 'invocation': {'user_prompt': f'ECHO:{text}'}}
    host.send_bytes(json.dumps(message, ensure_ascii=False).encode() + b'\n')
    assert host.collect('1') == [text_result('1', text)]


@every_shipped_echo
def test_bad_lines(start, runtime):
    host = start(runtime)
    for line in (b'{', b'', b'\xff', b'[]', b'7', b'null', b'{"type":"unknown"}', b'{"id":[]}',
                 b'{"type":"invoke"}', b'{"type":"invoke","id":"1"}',
                 b'{"type":"invoke","id":7,"invocation":{}}', b'{"type":"cancel","id":{}}'):
        host.send_bytes(line + b'\n')
    check_alive(host)


def bytes_waiting(host):
    count = array.array('i', [0])
    fcntl.ioctl(host.output, termios.FIONREAD, count)
    return count[0]


@every_shipped_echo
@pytest.mark.parametrize('blocking', [True, False])
def test_backpressure(start, runtime, blocking):
    """Who is not read waits, and loses nothing."""
    host = start(runtime, blocking=blocking)
    host.invoke('1', 'STREAM:30000')
    wait_until(lambda: bytes_waiting(host) > PIPE_SIZE - 4096, 'a full pipe')
    wait_until(lambda: processes.status_field(host.pid, 'State').startswith('S'), 'a wait')
    messages = host.collect('1')
    assert texts(messages) == [f'message {number} of 30000' for number in range(1, 30001)]
    assert messages[-1]['result']['text'] == 'streamed 30000 messages'


@every_runtime
def test_children_do_not_get_the_pipes(start, runtime):
    host = start(runtime, ODD)
    links = processes.descriptors(host.pid)
    listing = host.outcome('1', 'CHILD')['result']['text']
    assert '/proc/' in listing
    for descriptor in (3, 4):
        assert links[descriptor].startswith('pipe:')
        assert links[descriptor] not in listing


def test_forked_children_do_not_get_the_pipes(start):
    messages = start('python', ODD).run('1', 'FORK')
    assert [message['type'] for message in messages] == ['result']
    assert json.loads(messages[0]['result']['text']) == ['/dev/null', '/dev/null']


# The end

@every_echo
def test_end_of_input(start, runtime):
    host = start(runtime)
    check_alive(host)
    host.close_input()
    assert host.wait() == 0
    assert host.drain() == []
    assert host.stderr == ''


@every_shipped_echo
@pytest.mark.parametrize('prompt', ['WAIT:60000', 'SLOW:60000', 'HANG:idle'])
def test_end_while_running(start, runtime, prompt):
    host = start(runtime)
    host.invoke('1', prompt)
    check_alive(host)
    started = time.monotonic()
    host.close_input()
    assert host.wait() == 0
    assert time.monotonic() - started < 10 * PATIENCE
    ends = [message for message in host.drain() if message['type'] != 'log']
    assert ends == ([{'type': 'cancelled', 'id': '1'}] if prompt.startswith('WAIT') else [])


def test_end_while_busy(start):
    """In Python, whatever the handler does; in JavaScript the runtime has to kill."""
    for runtime in ('python', 'python-async'):
        host = start(runtime)
        host.invoke('1', 'HANG:busy')
        host.close_input()
        assert host.wait() == 0


@every_runtime
def test_clean_up_at_the_end(start, runtime):
    host = start(runtime, ODD)
    host.invoke('1', 'CLEANUP:all')
    host.outcome('2', 'SEND:string')
    host.close_input()
    assert host.wait() == 0
    assert host.stdout == 'cleaned all\n'


@every_runtime
def test_broken_pipe(start, runtime):
    host = start(runtime, ODD)
    host.invoke('1', 'SHOUT')
    host.receive_type('assistant_message')
    host.close_output()
    assert host.wait() == 0
    assert host.stderr == ''


@every_echo
def test_crash(start, runtime):
    host = start(runtime)
    host.invoke('1', 'CRASH')
    assert host.wait() == -signal.SIGKILL


@every_shipped_echo
def test_write(start, tmp_path, runtime):
    path = tmp_path / 'written'
    assert start(runtime).outcome('1', f'WRITE:{path}:a:b')['type'] == 'result'
    assert path.read_text() == 'a:b'


def test_own_host_takes_one_at_a_time(start):
    host = start('own')
    assert host.ready['capabilities']['concurrent'] is False
    assert os.access(HANDLERS / 'echo-handler', os.X_OK)
