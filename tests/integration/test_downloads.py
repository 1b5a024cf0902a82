# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a request names is fetched and unpacked before its work, for the published client."""

import asyncio
import http.server
import io
import threading
import zipfile

import pytest
from harness.http_server import HttpServer
from harness.processes import PATIENCE
from runtimeuse_client import (AgentRuntimeError, CancelledException, CommandInterface,
                               ExecuteCommandsOptions, QueryOptions,
                               RuntimeEnvironmentDownloadableInterface, RuntimeUseClient)

TIMEOUT = 20


class Files:
    """An HTTP server on loopback; a path that is a callable answers by itself."""

    def __init__(self):
        self.contents = {}
        files = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
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

        self.server = HttpServer(Handler)
        self.url = self.server.url


@pytest.fixture
def files():
    files = Files()
    with files.server:
        yield files


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


@pytest.mark.parametrize('url, words', [
    ('{}/missing', 'Download failed: 404'), ('http://127.0.0.1:9/x', 'fetch failed'),
    ('file:///etc/passwd', 'fetch failed'), ('no url', 'Invalid URL')])
def test_failure_is_the_answer(server, files, tmp_path, url, words):
    with pytest.raises(AgentRuntimeError, match=words):
        fetch(server, tmp_path / 'in', url.format(files.url), command=f'touch {tmp_path}/ran')
    assert not (tmp_path / 'ran').exists()


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
