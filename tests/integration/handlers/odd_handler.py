# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does what a handler should not do; the prompt says what.

Actions that are coroutines run in the event loop of the host, the others in a thread.
"""

import asyncio
import atexit
import datetime
import json
import os
import subprocess
import sys
import threading
import time


def text(value):
    return {'type': 'text', 'text': str(value)}


def structured(value):
    return {'type': 'structured_output', 'structured_output': value}


def cyclic():
    value = {'name': 'x'}
    value['self'] = value
    return value


def nested(levels):
    return {'a': nested(levels - 1)} if levels else 1


class Odd(Exception):
    def __init__(self):
        super().__init__('odd')
        self.code = 'E_ODD'
        self.metadata = {'hint': 'none', 'error_name': 'Own'}


class Silent(Exception):
    def __str__(self):
        raise RuntimeError('no')


def failing(error, **members):
    vars(error).update(members)
    raise error


def raise_odd():
    try:
        raise TypeError('why')
    except TypeError as error:
        raise Odd() from error


RESULTS = {
    'unknown': lambda: {'type': 'picture'},
    'none': lambda: None,
    'string': lambda: 'text',
    'no-text': lambda: {'type': 'text'},
    'number-text': lambda: {'type': 'text', 'text': 7},
    'list-metadata': lambda: {'type': 'text', 'text': 'x', 'metadata': []},
    'no-structure': lambda: {'type': 'structured_output'},
    'list': lambda: structured([]),
    'cyclic': lambda: structured(cyclic()),
    'function': lambda: structured({'a': {'b': len}}),
    'nan': lambda: structured({'a': [0, float('nan')]}),
    'deep': lambda: structured(nested(100)),
    'deep-enough': lambda: structured(nested(50)),
    'large': lambda: text('x' * (9 * 1024 * 1024)),
    'map': lambda: structured({'a': {1}}),
    'metadata': lambda: {'type': 'text', 'text': 'x', 'metadata': {'f': object()}},
    'name': lambda: structured({1: 2}),
    'camel': lambda: {'type': 'structured_output', 'structuredOutput': {'a': 1}},
    'surrogate': lambda: text('a\ud800b\\ud800\ud83d\ude00'),
    'datetime': lambda: structured({'at': datetime.date(2020, 1, 1)}),
}

THROWS = {
    'error': raise_odd,
    'deep': lambda: failing(ValueError('x'), a={'b': {'c': {'d': {'e': 1}}}}),
    'long': lambda: failing(ValueError('x'), note='y' * 5000, many=list(range(30))),
    'cyclic': lambda: failing(ValueError('x'), value=cyclic()),
    'silent': lambda: failing(Silent()),
    'interrupt': lambda: failing(KeyboardInterrupt()),
    'os': lambda: open('/nonexistent'),
}

SENDS = {
    'string': lambda sender: sender.send_assistant_message('one block'),
    'number': lambda sender: sender.send_assistant_message(7),
    'item': lambda sender: sender.send_assistant_message(['a', None]),
    'error': lambda sender: sender.send_error_message({}),
    'metadata': lambda sender: sender.send_error_message('x', [1]),
    'large': lambda sender: sender.send_assistant_message(['x' * (9 * 1024 * 1024)]),
}


def show(name, invocation, sender):
    members = ('system_prompt', 'user_prompt', 'output_format', 'model', 'secrets', 'env')
    return text(json.dumps({name: getattr(invocation, name) for name in members}))


def write_log(name, invocation, sender):
    logger = invocation.logger
    for level in ('debug', 'info', 'warning', 'error'):
        getattr(logger, level)('%s is %r', level, {'a': 1})
    logger.info('%d', 'no number')
    try:
        raise Odd()
    except Odd:
        logger.exception('with %s', 'stack')
    return text('logged')


def write_out(name, invocation, sender):
    print('to stdout')
    print('to stderr', file=sys.stderr)
    print('{"type":"fatal","error":"no"}')
    return text('printed')


def show_child(name, invocation, sender):
    return text(subprocess.run(['sh', '-c', 'ls -l /proc/self/fd'], close_fds=False,
                               stdout=subprocess.PIPE, check=True).stdout.decode())


def show_fork(name, invocation, sender):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        invocation.logger.error('from the child')
        links = [os.readlink(f'/proc/self/fd/{descriptor}') for descriptor in (3, 4)]
        os.write(writer, json.dumps(links).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return text(os.read(reader, 4096).decode())


def fail_in_thread(name, invocation, sender):
    thread = threading.Thread(target=raise_odd)
    thread.start()
    thread.join()
    return text('joined')


def speak_late(invocation, sender):
    time.sleep(0.02)
    sender.send_assistant_message(['late'])
    sender.send_error_message('late')
    invocation.logger.info('late')
    raise RuntimeError('too late')


def be_late(name, invocation, sender):
    threading.Thread(target=speak_late, args=(invocation, sender)).start()
    return text('early')


def shout(name, invocation, sender):
    while not invocation.signal.wait(0.001):
        sender.send_assistant_message(['shout'])
    return text('quiet')


def clean_up(name, invocation, sender):
    atexit.register(print, f'cleaned {name}')
    threading.Event().wait()


def stream(name, invocation, sender):
    for number in range(1, int(name) + 1):
        sender.send_assistant_message([str(number)])
        time.sleep(0.001)
    return text('done')


def listen(name, invocation, sender):
    done = threading.Event()
    invocation.signal.add_listener(raise_odd)
    invocation.signal.add_listener(done.set)
    assert done.wait(10) and invocation.signal.aborted
    return text('aborted')


async def fail_in_callback(name, invocation, sender):
    asyncio.get_running_loop().call_later(0.001, raise_odd)
    await asyncio.Event().wait()


async def fail_in_task(name, invocation, sender):
    async def work():
        await asyncio.sleep(0.001)
        raise_odd()

    asyncio.ensure_future(work())
    await asyncio.Event().wait()


async def exit_in_callback(name, invocation, sender):
    asyncio.get_running_loop().call_later(0.001, sys.exit, 5)
    await asyncio.Event().wait()


async def exit_in_task(name, invocation, sender):
    async def work():
        sys.exit(6)

    await asyncio.ensure_future(work())


async def exit_async(name, invocation, sender):
    sys.exit(int(name))


async def stop_loop(name, invocation, sender):
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.001)
    return text('goes on')


async def wait_async(name, invocation, sender):
    try:
        await asyncio.shield(asyncio.ensure_future(invocation.signal.wait_async()))
    except asyncio.CancelledError:
        pass
    return text(f'caught {invocation.signal.aborted}')


async def stream_paced(name, invocation, sender):
    for number in range(1, int(name) + 1):
        await sender.send_assistant_message([str(number)])
        await asyncio.sleep(0.001)
    return text('done')


async def stream_unpaced(name, invocation, sender):
    await asyncio.sleep(0.05)
    for number in range(1, int(name) + 1):
        sender.send_assistant_message([str(number)])
    return text('done')


def send(name, invocation, sender):
    SENDS[name](sender)
    return text('sent')


ACTIONS = {
    'RESULT': lambda name, invocation, sender: RESULTS[name](),
    'THROW': lambda name, invocation, sender: THROWS[name](),
    'EXIT': lambda name, invocation, sender: sys.exit(int(name)),
    'SEND': send,
    'SHOW': show,
    'LOG': write_log,
    'PRINT': write_out,
    'CHILD': show_child,
    'FORK': show_fork,
    'THREAD': fail_in_thread,
    'LATE': be_late,
    'SHOUT': shout,
    'CLEANUP': clean_up,
    'STREAM': stream,
    'LISTEN': listen,
    'TIMER': fail_in_callback,
    'REJECT': fail_in_task,
    'TIMER-EXIT': exit_in_callback,
    'TASK-EXIT': exit_in_task,
    'ASYNC-EXIT': exit_async,
    'STOP': stop_loop,
    'CATCH': wait_async,
    'PACED': stream_paced,
    'UNPACED': stream_unpaced,
}


def run(invocation, sender):
    name, _, argument = invocation.user_prompt.partition(':')
    return ACTIONS[name](argument, invocation, sender)
