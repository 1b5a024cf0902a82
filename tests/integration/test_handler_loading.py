# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the hosts load a handler, and what they say when they cannot."""

import subprocess
import sys

import pytest
from harness.host import HANDLERS, ROOT, Host, host_command

JAVASCRIPT = ('node', 'node22', 'bun')
ALL = (*JAVASCRIPT, 'python')
CAPABILITIES = {'cancel': True, 'concurrent': True, 'flow': True}


@pytest.fixture
def start(tmp_path):
    """Starts hosts, and ends them afterwards."""
    started = []

    def start_host(runtime, handler, **options):
        command = [*host_command(runtime), str(handler)]
        started.append(Host(command, tmp_path / f'host-{len(started)}', **options))
        return started[-1]

    yield start_host
    for host in started:
        host.stop()


@pytest.fixture
def fatal(start, tmp_path):
    """Starts a host with a handler of a given text; returns why it could not, and its path."""
    def refuse(runtime, name, text):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        host = start(runtime, path, ready=False)
        message = host.receive()
        assert message['type'] == 'fatal', message
        assert host.wait() == 1
        assert host.drain() == []
        return message['error'], str(path)

    return refuse


@pytest.mark.parametrize('runtime, name', [
    *[(runtime, f'echo-handler.{suffix}')
      for runtime in JAVASCRIPT for suffix in ('js', 'mjs', 'cjs')],
    ('node22', 'echo-handler.ts'), ('bun', 'echo-handler.ts'),
    ('python', 'echo_handler.py'), ('python', 'echo_handler_async.py'),
])
def test_loads(start, runtime, name):
    host = start(runtime, HANDLERS / name)
    assert host.ready == {'type': 'ready', 'protocol': 1, 'capabilities': CAPABILITIES}
    assert host.run('1', 'STREAM:2') == [
        {'type': 'assistant_message', 'id': '1', 'text_blocks': ['message 1 of 2']},
        {'type': 'assistant_message', 'id': '1', 'text_blocks': ['message 2 of 2']},
        {'type': 'result', 'id': '1',
         'result': {'type': 'text', 'text': 'streamed 2 messages', 'metadata': {}}}]


def test_relative_path(tmp_path):
    """Relative to where the host is started, like any argument."""
    (tmp_path / 'handler.py').write_text('def run(invocation, sender):\n'
                                         '    return {"type": "text", "text": __file__}\n')
    command = ['sh', '-c', f'cd "{tmp_path}" && exec "$@"', 'sh',
               *host_command('python'), 'handler.py']
    host = Host(command, tmp_path / 'host')
    try:
        assert host.outcome('1', '')['result']['text'] == str(tmp_path / 'handler.py')
    finally:
        host.stop()


@pytest.mark.parametrize('runtime', JAVASCRIPT)
@pytest.mark.parametrize('name, text', [
    ('bare.mjs', 'export default function run () {}\n'),
    ('bare.cjs', 'module.exports = function run () {};\n'),
    ('empty.mjs', ''),
    ('other.mjs', 'export const agent = { run () {} };\n'),
    ('text.mjs', 'export const handler = { run: "text" };\n'),
    ('null.mjs', 'export default null;\n'),
])
def test_javascript_without_a_handler(fatal, runtime, name, text):
    error, path = fatal(runtime, name, text)
    assert error == f'module at {path} must export an AgentHandler (as default or named "handler")'


@pytest.mark.parametrize('text', ['', 'handler = 7\n', 'run = 7\n', 'def handle(a, b): pass\n'])
def test_python_without_a_handler(fatal, text):
    error, path = fatal('python', 'handler.py', text)
    assert error == f'module at {path} must export an AgentHandler (as default or named "handler")'


@pytest.mark.parametrize('runtime', JAVASCRIPT)
@pytest.mark.parametrize('name, text', [
    ('default.mjs', 'const run = () => ({ type: "text", text: "default" });\n'
                    'export default { run };\nexport const handler = { run: null };\n'),
    ('named.mjs', 'const run = () => ({ type: "text", text: "named" });\n'
                  'export default {};\nexport const handler = { run };\n'),
    ('class.mjs', 'class Agent { word = "class"; run() {\n'
                  'return { type: "text", text: this.word }; } }\nexport default new Agent();\n'),
    ('compiled.cjs', 'exports.__esModule = true;\n'
                     'exports.default = { run: () => ({ type: "text", text: "compiled" }) };\n'),
    ('hidden.cjs', 'module.exports = Object.assign({}, {\n'
                   'handler: { run: () => ({ type: "text", text: "hidden" }) } });\n'),
])
def test_forms_of_export(start, tmp_path, runtime, name, text):
    path = tmp_path / name
    path.write_text(text)
    assert start(runtime, path).outcome('1', '')['result']['text'] == path.stem


@pytest.mark.parametrize('text, answer', [
    ('class Handler:\n    def run(self, invocation, sender):\n'
     '        return {"type": "text", "text": "object"}\n\n\nhandler = Handler()\n', 'object'),
    ('import dataclasses\n\n\n@dataclasses.dataclass\nclass A:\n    a: "int" = 1\n\n\n'
     'def run(invocation, sender):\n    return {"type": "text", "text": "module"}\n', 'module'),
    ('import types\n\n\ndef run(invocation, sender):\n'
     '    return {"type": "text", "text": "module"}\n\n\n'
     'handler = types.SimpleNamespace(run=None)\n', 'module'),
])
def test_forms_of_python(start, tmp_path, text, answer):
    path = tmp_path / 'agent'
    path.write_text(text)
    assert start('python', path).outcome('1', '')['result']['text'] == answer


@pytest.mark.parametrize('runtime, name', [
    *[(runtime, f'broken.{suffix}') for runtime in JAVASCRIPT for suffix in ('mjs', 'cjs')],
    ('python', 'broken.py'),
])
def test_syntax_error(fatal, runtime, name):
    error, path = fatal(runtime, name, '\n\nlet = = 1;\n')
    assert error.startswith(f'cannot load {path}: SyntaxError: '), error
    assert error.endswith(f' ({path}:3)'), error


@pytest.mark.parametrize('runtime, name, text, words', [
    *[(runtime, 'raising.mjs', '\nthrow new TypeError("not today");\n', 'TypeError: not today')
      for runtime in JAVASCRIPT],
    ('python', 'raising.py', '\nraise TypeError("not today")\n', 'TypeError: not today'),
])
def test_exception(fatal, runtime, name, text, words):
    error, path = fatal(runtime, name, text)
    assert error == f'cannot load {path}: {words} ({path}:2)'


@pytest.mark.parametrize('runtime, name, text, words', [
    *[(runtime, 'string.mjs', 'throw "only text";\n', 'only text') for runtime in JAVASCRIPT],
    *[(runtime, 'nothing.mjs', 'throw undefined;\n', 'undefined') for runtime in JAVASCRIPT],
    *[(runtime, 'exit.mjs', 'process.exit(0);\n', 'process.exit(0) was called')
      for runtime in JAVASCRIPT],
    *[(runtime, 'import.mjs', 'import "./absent.mjs";\n', 'absent.mjs')
      for runtime in JAVASCRIPT],
    *[(runtime, 'gone.mjs', None, 'gone.mjs') for runtime in JAVASCRIPT],
    ('python', 'exit.py', 'import sys\n\nsys.exit(0)\n', 'sys.exit(0) was called'),
    ('python', 'import.py', 'import absent_module\n', 'absent_module'),
    ('python', 'gone.py', None, 'FileNotFoundError'),
    ('python', 'binary.py', '\0\1', 'null bytes'),
])
def test_cannot_load(fatal, runtime, name, text, words):
    error, path = fatal(runtime, name, text)
    assert error.startswith(f'cannot load {path}: ')
    assert words in error


def test_typescript_with_an_old_node(fatal):
    """The Node.js of the machine may be old; then it says what to do."""
    loads = subprocess.run(['node', '-p', 'Boolean(process.features.typescript)'], check=True,
                           stdout=subprocess.PIPE).stdout == b'true\n'
    text = 'const handler: { run: null } = { run: null };\nexport default handler;\n'
    error, path = fatal('node', 'typed.ts', text)
    if loads:
        assert 'must export an AgentHandler' in error
        return
    version = subprocess.run(['node', '--version'], check=True,
                             stdout=subprocess.PIPE).stdout.decode().strip()
    assert error.startswith(f'cannot load {path}: ')
    assert error.endswith(f'; Node.js {version} does not load TypeScript: '
                          'install bun, or Node.js 22.18 or later')


def test_typescript_that_node_cannot_strip(fatal):
    error, path = fatal('node22', 'enum.ts', 'enum Kind { One }\nexport default Kind;\n')
    assert error.startswith(f'cannot load {path}: SyntaxError: ')
    assert 'install bun' in error


@pytest.mark.parametrize('runtime, name, answer', [
    ('node', 'handler.js', '4 words in 2 files'), ('bun', 'handler.js', '4 words in 2 files'),
    ('node22', 'handler.ts', 'b 6\na 5'), ('bun', 'handler.ts', 'b 6\na 5'),
    ('python', 'handler.py', '2 entries in 1 folders'),
])
def test_examples(start, tmp_path, runtime, name, answer):
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / 'a').write_text('a b c')
    (folder / 'b').write_text(' other')
    prompt = f'{folder}/a\n{folder}/b\n' if name == 'handler.js' else str(folder)
    host = start(runtime, ROOT / 'examples' / name)
    messages = host.run('1', prompt)
    assert messages[-1]['result']['text'] == answer
    assert 'assistant_message' in [message['type'] for message in messages]
    assert host.outcome('2', prompt, output_format={})['result']['type'] == 'structured_output'
    assert host.outcome('3', f'{folder}/absent')['type'] == 'failed'


def start_with(program, *arguments, folder):
    host = Host([*program, *arguments], folder, ready=False)
    try:
        message = host.receive()
        assert host.wait() == 1
        return message
    finally:
        host.stop()


def test_old_python(tmp_path):
    """Another Python than the one of the tests is not at hand; this one says it is old."""
    code = ('import runpy, sys; sys.version_info = (3, 6, 9, "final", 0); '
            'runpy.run_path(sys.argv[1], run_name="__main__")')
    message = start_with([sys.executable, '-c', code], host_command('python')[1], 'handler.py',
                         folder=tmp_path)
    assert message == {'type': 'fatal', 'error': 'Python 3.6.9 is too old for handlers: '
                                                 'install Python 3.9 or later'}


def test_old_node(tmp_path):
    preload = tmp_path / 'old.cjs'
    preload.write_text('Object.defineProperty(process, "version", { value: "v16.1.0" });\n'
                       'Object.defineProperty(process, "versions",\n'
                       '  { value: { ...process.versions, node: "16.1.0" } });\n')
    node, host = host_command('node')
    message = start_with([node, '--require', preload], host, HANDLERS / 'echo-handler.js',
                         folder=tmp_path)
    assert message['type'] == 'fatal'
    assert message['error'].endswith('Node.js v16.1.0 is too old: '
                                     'install bun, or Node.js 22.18 or later')


@pytest.mark.parametrize('runtime', ALL)
def test_without_an_argument(tmp_path, runtime):
    message = start_with(host_command(runtime), folder=tmp_path)
    assert message['type'] == 'fatal'
    assert 'usage: ' in message['error']


@pytest.mark.parametrize('runtime', ALL)
def test_started_by_hand(runtime):
    done = subprocess.run([*host_command(runtime), 'handler'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b'with pipes as descriptors 3 and 4' in done.stderr


@pytest.mark.parametrize('runtime, name, text', [
    *[(runtime, 'slow.mjs', 'console.log("loading");\nawait new Promise(() => {});\n')
      for runtime in JAVASCRIPT],
    ('python', 'slow.py', 'import threading\n\nprint("loading")\nthreading.Event().wait()\n'),
])
def test_end_while_loading(start, tmp_path, runtime, name, text):
    path = tmp_path / name
    path.write_text(text)
    host = start(runtime, path, ready=False)
    host.close_input()
    assert host.wait() == 0
    assert host.drain() == []
