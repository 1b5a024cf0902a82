# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything that crosses the bus is recorded, and searched for what must not be there."""

import subprocess

import pytest
from harness import websocket
from harness.bus import OBJECT_MANAGER, SESSION, Bus, Probe
from harness.http_server import Halves
from harness.messages import command, commands, invocation
from harness.processes import wait_until
from harness.receiver import Receiver

SECRET = 'hunter2-correct-horse'
PROMPT = 'prompt-that-nobody-sees'
SYSTEM = 'system-prompt-that-nobody-sees'
OUTPUT = 'output-that-nobody-sees'
CONTENT = 'content-that-nobody-sees'
ANSWER = 'answer-that-nobody-sees'
NOTHING_OF = (SECRET, PROMPT, SYSTEM, OUTPUT, CONTENT, ANSWER)
# Whatever is printed is not in the command as it stands.
PRINT = f"printf '%s%s\\n' {OUTPUT[:8]} {OUTPUT[8:]}"


class Recorder:
    """A monitor of all that crosses the bus, as bytes."""

    def __init__(self, bus, path):
        self.path = path
        self.file = open(path, 'wb')
        self.process = subprocess.Popen(['dbus-monitor', '--address', bus.address, '--binary'],
                                        stdin=subprocess.DEVNULL, stdout=self.file)
        wait_until(lambda: b'NameLost' in self.read(), 'the monitor')

    def read(self):
        return self.path.read_bytes()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.file.close()
        return self.read()


@pytest.fixture
def bus(tmp_path):
    bus = Bus(tmp_path / 'bus')
    yield bus
    bus.stop()


@pytest.fixture
def recorded(bus, start_server, tmp_path):
    """Starts a server; all that crosses the bus until the end must hold nothing that is private."""
    recorder = Recorder(bus, tmp_path / 'record')
    probes = []

    def start(*arguments, **options):
        server = start_server(*arguments, env=bus.env, **options)
        probes.append(Probe(bus, subscribed=True))
        probes[-1].wait_for_name()
        return server, probes[-1]

    yield start
    for probe in probes:
        probe.close()
    record = recorder.stop()
    assert b'RequestFinished' in record
    for text in NOTHING_OF:
        assert text.encode() not in record, text


def finish(probe, path):
    """Wait until the request was told, and read all that there is to read."""
    outcome, details = probe.wait_signal('RequestFinished')['arguments']
    probe.get_all(path, SESSION)
    probe.call('GetManagedObjects', interface=OBJECT_MANAGER)
    return outcome, details


def test_commands(recorded):
    server, probe = recorded()
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(commands(
            f'echo {SECRET}; {PRINT}; sleep 0.3', f'echo $KEY {SECRET} >&2; sleep 0.3; exit 3',
            source_id=f'from {SECRET}', secrets_to_redact=[SECRET],
            commands=[command(f'echo {SECRET}; {PRINT}; sleep 0.3', env={'KEY': SECRET}),
                      command(f'echo $KEY {SECRET} >&2; sleep 0.3; exit 3', env={'KEY': SECRET})]))
        shown = probe.wait_signal('PropertiesChanged',
                                  lambda said: said['arguments'][1].get('Command'))
        assert PRINT in shown['arguments'][1]['Command']
        assert shown['arguments'][1]['SourceId'].startswith('from ')
        finish(probe, path)
        client.receive_until_terminal()


@pytest.mark.parametrize('prompt', [f'ECHO:{PROMPT} {ANSWER}', f'ERROR:{PROMPT} {ANSWER} {SECRET}',
                                    f'{PROMPT} {ANSWER}'])
def test_agent(recorded, prompt):
    """Neither what an agent is asked, nor what it says, nor why it fails."""
    server, probe = recorded()
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(invocation(prompt, system_prompt=SYSTEM, model=f'model {SECRET}',
                               source_id=SECRET, secrets_to_redact=[SECRET],
                               agent_env={'API_KEY': SECRET},
                               pre_agent_invocation_commands=[command(f'{PRINT}; sleep 0.1')]))
        outcome, details = finish(probe, path)
        assert outcome == ('failed' if prompt.startswith('ERROR') else 'succeeded')
        client.receive_until_terminal()


@pytest.mark.parametrize('end', ['', '; exit 3'])
def test_prompt_that_is_a_script(recorded, end):
    """The agent shell runs its prompt, which stays a prompt."""
    server, probe = recorded(agent='shell')
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(invocation(f'echo {PROMPT}; {PRINT}; {PRINT} >&2; sleep 0.3{end}',
                               system_prompt=SYSTEM, secrets_to_redact=[SECRET],
                               agent_env={'KEY': SECRET}))
        outcome, _ = finish(probe, path)
        assert outcome == ('failed' if end else 'succeeded')
        client.receive_until_terminal()


def test_files(recorded, tmp_path):
    """Neither what is fetched and from where, nor what is made."""
    server, probe = recorded()
    folder = tmp_path / 'made'
    folder.mkdir()
    receiver = Receiver()
    with websocket.connect(server.port) as client, Halves() as files:
        path, _ = probe.wait_session()
        client.send(commands(
            command(f'echo {CONTENT[:7]}"{CONTENT[7:]}" >file; sleep 0.2', cwd=str(folder)),
            artifacts_dirs=[str(folder)], secrets_to_redact=[SECRET],
            pre_execution_downloadables=[{'download_url': f'{files.url}/file?key={SECRET}',
                                          'working_dir': str(tmp_path)}]))
        probe.wait_change(path=path, Phase='download')
        files.go_on.set()
        while (message := client.receive())['message_type'] != 'command_execution_result_message':
            if message['message_type'] == 'artifact_upload_request_message':
                client.send({**message, 'message_type': 'artifact_upload_response_message',
                             'presigned_url': f'{receiver.url}/x?signature={SECRET}',
                             'content_type': 'text/plain'})
        finish(probe, path)
    receiver.close()


def test_failed_download(recorded, tmp_path):
    server, probe = recorded()
    with websocket.connect(server.port) as client:
        path, _ = probe.wait_session()
        client.send(commands('true', secrets_to_redact=[SECRET],
                             pre_execution_downloadables=[
                                 {'download_url': f'http://127.0.0.1:1/x?key={SECRET}',
                                  'working_dir': str(tmp_path)}]))
        outcome, _ = finish(probe, path)
        assert outcome == 'failed'
        assert probe.get('LastError', path, SESSION)
        client.receive_until_terminal()
