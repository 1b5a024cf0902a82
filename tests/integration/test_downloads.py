# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a request names is fetched and unpacked before its work, for the published client."""

import asyncio
import http.server
import importlib.machinery
import importlib.util
import io
import os
import ssl
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest
from harness.processes import PATIENCE
from runtimeuse_client import (AgentRuntimeError, CancelledException, CommandInterface,
                               ExecuteCommandsOptions, QueryOptions,
                               RuntimeEnvironmentDownloadableInterface, RuntimeUseClient)

TIMEOUT = 20
FIXTURES = Path(__file__).resolve().parents[1] / 'unit' / 'fixtures'
CERTIFICATES = FIXTURES / 'certificates'


def load_archives():
    """Those of the unit tests, by their names, each as a function that makes it."""
    loader = importlib.machinery.SourceFileLoader('make_archives', str(FIXTURES / 'make-archives'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module.ARCHIVES


ARCHIVES = load_archives()


class Files:
    """An HTTP server on loopback; a path that is a callable answers by itself."""

    def __init__(self, certificate=None):
        self.contents = {}
        self.requests = []
        files = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                files.requests.append((self.path, dict(self.headers)))
                content = files.contents.get(self.path.split('?')[0])
                if content is None:
                    self.send_error(404)
                    return
                if callable(content):
                    content(self)
                    return
                self.send_response(200)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        # Clients that go away are what many cases are about.
        self.server.handle_error = lambda *arguments: None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / f'{certificate}.pem')
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.port = self.server.server_port
        self.url = f'{"https" if certificate else "http"}://127.0.0.1:{self.port}'

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def files():
    files = Files()
    yield files
    files.close()


@pytest.fixture
def server(shared_server):
    """Worker threads are kept for a while, so descriptors are not counted here."""
    yield shared_server
    shared_server.check_at_rest(descriptors=False)
    shared_server.check_log()


def run(call):
    async def with_deadline():
        async with asyncio.timeout(2 * TIMEOUT * PATIENCE):
            return await call

    return asyncio.run(with_deadline())


def fetch(server, folder, *urls, command='true'):
    wanted = [RuntimeEnvironmentDownloadableInterface(download_url=url, working_dir=str(folder))
              for url in urls]
    return run(RuntimeUseClient(server.url).execute_commands(
        [CommandInterface(command=command, cwd=str(folder))],
        ExecuteCommandsOptions(pre_execution_downloadables=wanted, timeout=TIMEOUT * PATIENCE)))


def make_zip(members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w') as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_file(server, files, tmp_path):
    files.contents['/a%20file.txt'] = b'content'
    result = fetch(server, tmp_path / 'in', f'{files.url}/a%20file.txt?signature=x',
                   command='cat "a file.txt"')
    assert result.results[0].stdout == 'content'


def test_zip_is_unpacked_and_gone(server, files, tmp_path):
    files.contents['/code.zip'] = make_zip({'x/y': 'one', 'z': 'two'})
    result = fetch(server, tmp_path / 'in', f'{files.url}/code.zip',
                   command='cat x/y z; ls -A | tr "\\n" " "')
    assert result.results[0].stdout == 'onetwox z '


def test_before_an_invocation(server, files, tmp_path):
    files.contents['/f'] = b'x' * 3000000
    result = run(RuntimeUseClient(server.url).query('ECHO:done', QueryOptions(
        system_prompt='', model='echo', pre_agent_downloadables=[
            RuntimeEnvironmentDownloadableInterface(download_url=f'{files.url}/f',
                                                    working_dir=str(tmp_path))])))
    assert result.data.text == 'done' and (tmp_path / 'f').stat().st_size == 3000000


def answer_with(status, *headers, body=b''):
    """Return what answers so, whatever the body is, and hangs up."""
    def answer(request):
        request.send_response(status)
        for header in headers:
            request.send_header(*header)
        request.end_headers()
        request.wfile.write(body)

    return answer


ODD_ANSWERS = {
    '/broken': answer_with(500),
    '/loop': answer_with(302, ('Location', '/loop')),
    '/there': answer_with(307, ('Location', '/back')),
    '/back': answer_with(307, ('Location', '/there')),
    '/elsewhere': answer_with(301, ('Location', 'ftp://127.0.0.1/x')),
    '/shorter': answer_with(200, ('Content-Length', '100'), body=b'only this'),
    '/minus': answer_with(200, ('Content-Length', '-5'), body=b'hello'),
    '/words': answer_with(200, ('Content-Length', 'five'), body=b'hello'),
    '/endless': answer_with(200, ('Content-Length', '9' * 30), body=b'hello'),
    '/larger': answer_with(200, ('Content-Length', str(1 << 60)), body=b'hello'),
    '/cut': answer_with(200, ('Transfer-Encoding', 'chunked'), body=b'5\r\nhello\r\n'),
}


@pytest.mark.parametrize('url, words', [
    ('{}/missing', 'Download failed: 404'), ('{}/broken', 'Download failed: 500'),
    ('{}/loop', 'fetch failed: more than 20 redirects'),
    ('{}/there', 'fetch failed: more than 20 redirects'),
    ('{}/elsewhere', 'fetch failed: redirect to ftp://127.0.0.1/x'),
    ('{}/shorter', 'fetch failed: the connection was lost after 9 of 100 bytes'),
    ('{}/minus', 'fetch failed: .* is no number'), ('{}/words', 'fetch failed: .* is no number'),
    ('{}/endless', 'fetch failed: .* is no number'), ('{}/larger', 'max-size'),
    ('{}/cut', 'fetch failed: the connection was lost after 5 bytes'),
    ('http://127.0.0.1:9/x', 'fetch failed'),
    ('file:///etc/passwd', 'fetch failed'), ('no url', 'Invalid URL')])
def test_failure_is_the_answer(server, files, tmp_path, url, words):
    files.contents = ODD_ANSWERS
    with pytest.raises(AgentRuntimeError, match=words):
        fetch(server, tmp_path / 'in', url.format(files.url), command=f'touch {tmp_path}/ran')
    assert not (tmp_path / 'ran').exists()
    assert not list((tmp_path / 'in').glob('*'))


@pytest.mark.parametrize('name', ['../escaped', '/tmp/escaped-by-an-archive'])
def test_bad_archive_harms_nothing(server, files, tmp_path, name):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in/kept').write_text('kept')
    files.contents['/bad.zip'] = make_zip({'kept': 'changed', name: 'out'})
    with pytest.raises(AgentRuntimeError, match='Command failed: unzip -o'):
        fetch(server, tmp_path / 'in', f'{files.url}/bad.zip')
    assert (tmp_path / 'in/kept').read_text() == 'kept'
    assert not (tmp_path / 'escaped').exists()


def test_name_cannot_leave_the_folder(server, files, tmp_path):
    with pytest.raises(AgentRuntimeError) as error:
        fetch(server, tmp_path / 'in', f'{files.url}/%2e%2e%2fescaped?secret')
    assert 'secret' not in str(error.value)
    assert not (tmp_path / 'escaped').exists()


def test_cancel_in_the_middle(server, files, tmp_path):
    begun = threading.Event()
    ended = threading.Event()

    def stall(request):
        request.send_response(200)
        request.send_header('Content-Length', '1000000')
        request.end_headers()
        request.wfile.write(b'beginning')
        begun.set()
        ended.wait(TIMEOUT * PATIENCE)

    async def scenario():
        client = RuntimeUseClient(server.url)
        call = asyncio.create_task(client.execute_commands(
            [CommandInterface(command='true')],
            ExecuteCommandsOptions(pre_execution_downloadables=[
                RuntimeEnvironmentDownloadableInterface(download_url=f'{files.url}/slow',
                                                        working_dir=str(tmp_path))])))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait)
        client.abort()
        with pytest.raises(CancelledException):
            await call

    files.contents['/slow'] = stall
    run(scenario())
    ended.set()
    assert list(tmp_path.iterdir()) == []


# where it is stored

def test_folder_that_is_a_file(server, files, tmp_path):
    files.contents['/f'] = b'content'
    (tmp_path / 'file').write_text('mine')
    for folder in (tmp_path / 'file', tmp_path / 'file/below'):
        with pytest.raises(AgentRuntimeError, match=f'{folder}: E'):
            fetch(server, folder, f'{files.url}/f')
    assert (tmp_path / 'file').read_text() == 'mine'


def test_folder_in_the_place_of_the_file(server, files, tmp_path):
    files.contents['/f'] = b'content'
    (tmp_path / 'f/inner').mkdir(parents=True)
    with pytest.raises(AgentRuntimeError, match='Cannot store “f”: EISDIR'):
        fetch(server, tmp_path, f'{files.url}/f')
    assert (tmp_path / 'f/inner').is_dir()


@pytest.mark.parametrize('folder', ['/proc', '/sys/kernel', '/proc/none', '/dev/null'])
def test_folder_that_takes_no_file(server, files, folder):
    files.contents['/f'] = b'content'
    with pytest.raises(AgentRuntimeError, match=f'{folder}: .*E[A-Z]+'):
        fetch(server, folder, f'{files.url}/f')


# $1 is a folder, on which there is a disk of one megabyte then.
SMALL_DISK = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c',
              'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"', 'sh']


def test_full_disk(start_server, files, tmp_path):
    small = tmp_path / 'small'
    small.mkdir()
    if subprocess.run([*SMALL_DISK, str(small), 'true'], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        pytest.skip('takes name spaces')
    server = start_server(prefix=[*SMALL_DISK, str(small)])
    files.contents['/known'] = bytes(2000000)
    files.contents['/unknown'] = answer_with(200, ('Connection', 'close'), body=bytes(2000000))
    files.contents['/code.zip'] = make_zip({'large': '0' * 2000000})
    for name, words in {'known': 'ENOSPC: .*2000000 bytes are needed', 'unknown': 'ENOSPC: ',
                        'code.zip': 'ENOSPC: '}.items():
        with pytest.raises(AgentRuntimeError, match=words):
            fetch(server, small, f'{files.url}/{name}')
    files.contents['/fits'] = b'fits'
    result = fetch(server, small, f'{files.url}/fits', command='ls -A')
    assert result.results[0].stdout == 'fits\n'


# What whoever goes beyond it gets is a signal first.
LIMITED = ['sh', '-c', 'ulimit -f 2000; exec "$@"', 'sh']


def test_limited_file_size(start_server, files, tmp_path):
    """The server outlives the limit, and its commands meet it as ever."""
    server = start_server(prefix=LIMITED)
    files.contents['/f'] = bytes(2000000)
    with pytest.raises(AgentRuntimeError, match='Cannot store “f”: EFBIG'):
        fetch(server, tmp_path / 'in', f'{files.url}/f')
    assert list((tmp_path / 'in').iterdir()) == []
    files.contents['/g'] = b'x'
    result = fetch(server, tmp_path / 'in', f'{files.url}/g', command='kill -XFSZ $$; echo alive')
    assert result.results[0].exit_code == -1


# archives

BAD = ['up.zip', 'up-inside.zip', 'up-two-names.zip', 'up-local.zip', 'absolute.zip',
       'link-absolute.zip', 'link-up.zip', 'through.zip', 'encrypted.zip', 'aes.zip', 'crc.zip',
       'cut.zip', 'cut-data.zip', 'garbage.zip', 'nothing.zip', 'latin-utf8.zip', 'bomb.zip',
       'bomb-lies.zip']


@pytest.mark.parametrize('name', BAD)
def test_archive_of_the_worst(server, files, tmp_path, name):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in/ok.txt').write_text('mine')
    files.contents[f'/{name}'] = ARCHIVES[name]()
    with pytest.raises(AgentRuntimeError, match=f'Command failed: unzip -o {name}: '):
        fetch(server, tmp_path / 'in', f'{files.url}/{name}')
    assert [path.name for path in (tmp_path / 'in').iterdir()] == ['ok.txt']
    assert (tmp_path / 'in/ok.txt').read_text() == 'mine'
    assert not (tmp_path / 'evil').exists() and not Path('/evil').exists()


def test_archive_with_names_that_are_not_utf8(server, files, tmp_path):
    files.contents['/latin.zip'] = ARCHIVES['latin.zip']()
    result = fetch(server, tmp_path / 'in', f'{files.url}/latin.zip', command='echo *')
    assert result.results[0].stdout == 'gr\ufffd\ufffde.txt\n'
    assert os.listdir(bytes(tmp_path / 'in')) == [b'gr\xf6\xdfe.txt']


def test_archive_of_a_hundred_thousand(server, files, roomy_folder):
    files.contents['/many.zip'] = ARCHIVES['many.zip']()
    result = fetch(server, roomy_folder, f'{files.url}/many.zip',
                   command='find . -type f | wc -l')
    assert result.results[0].stdout.strip() == '100000'


@pytest.mark.parametrize('content', [b'no library', None])
def test_archive_without_libarchive(start_server, files, tmp_path, content):
    """What is found by its name is no library, or is another one."""
    libraries = tmp_path / 'libraries'
    libraries.mkdir()
    if content:
        (libraries / 'libarchive.so.13').write_bytes(content)
    else:
        with open('/proc/self/maps', encoding='utf-8') as maps:
            other = next(line.split()[-1] for line in maps if '/libc.so' in line)
        (libraries / 'libarchive.so.13').symlink_to(other)
    server = start_server(env={'LD_LIBRARY_PATH': str(libraries)})
    files.contents['/code.zip'] = make_zip({'f': 'x'})
    files.contents['/plain'] = b'plain'
    with pytest.raises(AgentRuntimeError,
                       match='unzip -o code.zip: .*; archives need libarchive 3.6, on Debian: apt'):
        fetch(server, tmp_path / 'in', f'{files.url}/code.zip')
    assert fetch(server, tmp_path / 'in', f'{files.url}/plain',
                 command='cat plain').results[0].stdout == 'plain'


# trust

def test_https(start_server, tmp_path):
    files = Files('server')
    files.contents['/f'] = b'content'
    trusting = start_server(env={'SSL_CERT_FILE': str(CERTIFICATES / 'authority.pem')})
    result = fetch(trusting, tmp_path / 'in', f'{files.url}/f', command='cat f')
    assert result.results[0].stdout == 'content'
    asked = len(files.requests)

    for server, words in ((start_server(), 'its issuer is not known; add that to the certificates'),
                          (start_server(env={'SSL_CERT_FILE': '/none'}), 'certificates in /none')):
        with pytest.raises(AgentRuntimeError, match=words):
            fetch(server, tmp_path / 'out', f'{files.url}/f?secret')
    assert len(files.requests) == asked
    files.close()


def test_credentials_are_for_their_host(server, files, tmp_path):
    files.contents['/f'] = answer_with(302, ('Location', f'http://localhost:{files.port}/g'))
    files.contents['/g'] = b'content'
    url = files.url.replace('http://', 'http://user:s3cr3t@')
    result = fetch(server, tmp_path / 'in', f'{url}/f', command='cat f')
    assert result.results[0].stdout == 'content'
    (first, sent), (second, not_sent) = files.requests
    assert (first, second) == ('/f', '/g')
    assert 'Authorization' in sent and 'Authorization' not in not_sent
    assert 's3cr3t' not in server.log
