#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speaks to a bus for tests whose interpreter has no GObject.

Each line of standard input is a JSON object that asks for something, each line of
standard output one that answers it or tells a signal. Usage: bus_probe.py ADDRESS
"""

import json
import os
import sys
import time

from gi.repository import Gio, GLib


def say(**members):
    sys.stdout.write(json.dumps(members) + '\n')
    sys.stdout.flush()


def tell_signal(connection, sender, path, interface, name, parameters):
    say(signal=name, sender=sender, path=path, interface=interface,
        arguments=parameters.unpack(), time=time.monotonic())


def tell_answer(connection, result, number):
    try:
        value = connection.call_finish(result).unpack()
        say(number=number, value=value, time=time.monotonic())
    except GLib.Error as error:
        say(number=number, error=Gio.DBusError.get_remote_error(error) or error.domain,
            text=error.message, time=time.monotonic())


def call(connection, request):
    arguments = None
    if request['signature']:
        arguments = GLib.Variant(request['signature'], tuple(request['arguments']))
    flags = Gio.DBusCallFlags.NONE if request['auto_start'] else Gio.DBusCallFlags.NO_AUTO_START
    connection.call(request['name'], request['path'], request['interface'], request['method'],
                    arguments, None, flags,
                    int(request['timeout'] * 1000), None, tell_answer, request['number'])


def flood(connection, request):
    """Make many calls as fast as they are taken, with a bound on those without an answer."""
    state = {'begun': 0, 'open': 0, 'answered': 0, 'errors': {}, 'started': time.monotonic(),
             'longest': 0}

    def answered(connection, result, begun):
        state['open'] -= 1
        state['longest'] = max(state['longest'], time.monotonic() - begun)
        try:
            connection.call_finish(result)
            state['answered'] += 1
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or error.domain
            state['errors'][name] = state['errors'].get(name, 0) + 1
        go_on()

    def go_on():
        while state['open'] < request['window'] and state['begun'] < request['count']:
            state['begun'] += 1
            state['open'] += 1
            connection.call(request['name'], request['path'], request['interface'],
                            request['method'],
                            GLib.Variant(request['signature'], tuple(request['arguments']))
                            if request['signature'] else None,
                            None, Gio.DBusCallFlags.NO_AUTO_START, 60000, None, answered,
                            time.monotonic())
        if not state['open'] and state['begun'] == request['count']:
            say(number=request['number'], time=time.monotonic(), value={
                'answered': state['answered'], 'errors': state['errors'],
                'seconds': time.monotonic() - state['started'], 'longest': state['longest']})

    go_on()


def subscribe(connection, request):
    connection.signal_subscribe(request['name'], None, None, None, None,
                                Gio.DBusSignalFlags.NONE, tell_signal)
    # Whatever is sent from now on is seen: the bus has taken the rule.
    connection.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                    'GetId', None, None, Gio.DBusCallFlags.NONE, 5000, None, tell_answer,
                    request['number'])


def read_request(channel, condition, connection, loop, rest):
    data = os.read(0, 65536)
    if not data:
        loop.quit()
        return False
    rest += data
    while b'\n' in rest:
        line, _, left = bytes(rest).partition(b'\n')
        rest[:] = left
        request = json.loads(line)
        {'call': call, 'flood': flood, 'subscribe': subscribe}[request['ask']](connection, request)
    return True


def main(address):
    connection = Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
        Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    connection.set_exit_on_close(False)
    loop = GLib.MainLoop()
    connection.connect('closed', lambda *_: loop.quit())
    GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, read_request,
                      connection, loop, bytearray())
    say(ready=connection.get_unique_name())
    loop.run()


if __name__ == '__main__':
    main(sys.argv[1])
