# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes the place of the service on a message bus, and does what it is told, also what none does.

Usage: bus_service.py BUS-NAME PATH

Each line of standard input is a JSON list: a word and its arguments. Each is answered with a line
of JSON on standard output, as is each call of a method: {"called": [PATH, METHOD]}.
"""

import json
import sys

from gi.repository import Gio, GLib

NAME, PATH = sys.argv[1:]
SESSION = f'{NAME}.Session'
MANAGER = f'{NAME}.Manager'
NUMBERS = {'ConnectedAt': 't', 'RequestStartedAt': 't', 'RequestsDone': 'u', 'RequestsFailed': 'u',
           'OutputBytes': 't', 'ArtifactsPending': 'u', 'ArtifactsUploaded': 'u',
           'ArtifactsFailed': 'u'}
TEXTS = ['Id', 'Kind', 'Peer', 'State', 'RequestKind', 'SourceId', 'Agent', 'Model', 'Phase',
         'Command', 'LastError']
INTERFACES = Gio.DBusNodeInfo.new_for_xml(f'''
<node>
  <interface name="org.freedesktop.DBus.ObjectManager">
    <method name="GetManagedObjects"><arg type="a{{oa{{sa{{sv}}}}}}" direction="out"/></method>
  </interface>
  <interface name="{MANAGER}">
    <method name="CancelAll"><arg type="u" direction="out"/></method>
    <method name="EndAll"/>
  </interface>
  <interface name="{SESSION}">
    <method name="Cancel"><arg type="b" direction="out"/></method>
    <method name="End"/>
  </interface>
</node>''').interfaces


def say(**what):
    print(json.dumps(what), flush=True)


def pack(properties):
    """Give each value its type; a list is a type and a value, whatever the interface says."""
    def variant(name, value):
        if isinstance(value, list):
            return GLib.Variant(*value)
        return GLib.Variant(NUMBERS.get(name, 's'), value)
    return {name: variant(name, value) for name, value in properties.items()}


class Service:
    def __init__(self, connection):
        self.connection = connection
        self.sessions = {}
        self.exported = {}
        self.owner_id = 0
        self.silent = []     # methods that get no answer
        self.failing = {}    # method -> name and text of an error
        self.export(PATH, INTERFACES[0])
        self.export(PATH, INTERFACES[1])

    def export(self, path, interface):
        return self.connection.register_object(path, interface, self.called, None, None)

    def called(self, _connection, _sender, path, _interface, method, _parameters, invocation):
        say(called=[path, method])
        if method in self.silent:
            return
        if method in self.failing:
            invocation.return_dbus_error(*self.failing[method])
        else:
            invocation.return_value(self.answer(path, method))

    def answer(self, path, method):
        if method == 'GetManagedObjects':
            return GLib.Variant('(a{oa{sa{sv}}})', ({
                name: {SESSION: pack(properties)} for name, properties in self.sessions.items()},))
        if method == 'CancelAll':
            busy = [one for one in self.sessions.values() if one['State'] == 'busy']
            return GLib.Variant('(u)', (len(busy),))
        if method == 'Cancel':
            return GLib.Variant('(b)', (self.sessions[path]['State'] == 'busy',))
        return None

    def emit(self, path, interface, signal, parameters):
        self.connection.emit_signal(None, path, interface, signal, parameters)

    def own(self):
        self.owner_id = Gio.bus_own_name_on_connection(
            self.connection, NAME, Gio.BusNameOwnerFlags.NONE,
            lambda *_: say(owned=True), lambda *_: say(owned=False))

    def disown(self):
        Gio.bus_unown_name(self.owner_id)

    def add(self, identifier, properties=None):
        path = f'{PATH}/session/{identifier}'
        known = {**dict.fromkeys(TEXTS, ''), **dict.fromkeys(NUMBERS, 0), 'Id': identifier,
                 'State': 'idle', **(properties or {})}
        self.sessions[path] = known
        self.exported[path] = self.export(path, INTERFACES[2])
        self.emit(PATH, 'org.freedesktop.DBus.ObjectManager', 'InterfacesAdded',
                  GLib.Variant('(oa{sa{sv}})', (path, {SESSION: pack(known)})))

    def change(self, identifier, properties):
        path = f'{PATH}/session/{identifier}'
        self.sessions[path].update(properties)
        self.emit(path, 'org.freedesktop.DBus.Properties', 'PropertiesChanged',
                  GLib.Variant('(sa{sv}as)', (SESSION, pack(properties), [])))

    def flood(self, identifier, name, text, count):
        for number in range(count):
            self.change(identifier, {name: f'{text}{number}'})

    def remove(self, identifier):
        path = f'{PATH}/session/{identifier}'
        del self.sessions[path]
        self.connection.unregister_object(self.exported.pop(path))
        self.emit(PATH, 'org.freedesktop.DBus.ObjectManager', 'InterfacesRemoved',
                  GLib.Variant('(oas)', (path, [SESSION])))

    def vanish(self, identifier):
        """Take the object away, and tell nobody."""
        self.connection.unregister_object(self.exported[f'{PATH}/session/{identifier}'])

    def shut_up(self, *methods):
        self.silent = methods

    def fail(self, method, name, text):
        self.failing[method] = (name, text)

    def send(self, path, interface, signal, types, values):
        """Send a signal of any kind."""
        self.emit(path, interface, signal, GLib.Variant(types, tuple(values)))


def main():
    loop = GLib.MainLoop()
    service = Service(Gio.bus_get_sync(Gio.BusType.SESSION))

    def read(*_):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        word, *arguments = json.loads(line)
        getattr(service, word)(*arguments)
        service.connection.flush_sync()
        say(done=word)
        return True

    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, read)
    say(ready=True)
    loop.run()


if __name__ == '__main__':
    main()
