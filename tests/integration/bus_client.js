// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows the first session that appears, cancels its request, and says all that it has seen.
// Usage: gjs bus_client.js NAME PATH
const {Gio, GLib} = imports.gi;

const [name, path] = ARGV;
const bus = Gio.DBusConnection.new_for_address_sync(
    GLib.getenv('DBUS_SESSION_BUS_ADDRESS'),
    Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
    Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, null, null);
const loop = GLib.MainLoop.new(null, false);
const seen = {manager: {}, session: {}, changed: {}, signals: []};

const unpack = variant => variant.recursiveUnpack();

function call(object, iface, method, parameters = null) {
    return unpack(bus.call_sync(name, object, iface, method, parameters, null,
        Gio.DBusCallFlags.NONE, 5000, null));
}

function finish() {
    seen.drain = call(path, `${name}.Manager`, 'Drain');
    print(JSON.stringify(seen));
    loop.quit();
}

function follow(proxy) {
    proxy.connect('g-properties-changed', (_proxy, changed) => {
        Object.assign(seen.changed, unpack(changed));
        if (seen.changed.State === 'busy' && !seen.cancelled) {
            seen.cancelled = true;
            seen.cancel = unpack(proxy.call_sync('Cancel', null, 0, 5000, null));
        }
    });
    proxy.connect('g-signal', (_proxy, _sender, signal, parameters) => {
        seen.signals.push([signal, unpack(parameters)]);
        if (signal === 'RequestFinished')
            seen.end = unpack(proxy.call_sync('End', null, 0, 5000, null));
    });
    for (const property of proxy.get_cached_property_names())
        seen.session[property] = unpack(proxy.get_cached_property(property));
}

seen.manager = call(path, 'org.freedesktop.DBus.Properties', 'GetAll',
    new GLib.Variant('(s)', [`${name}.Manager`]))[0];
seen.cancelAll = call(path, `${name}.Manager`, 'CancelAll');
seen.endAll = call(path, `${name}.Manager`, 'EndAll');

const objects = Gio.DBusObjectManagerClient.new_sync(bus, Gio.DBusObjectManagerClientFlags.NONE,
    name, path, null, null);
objects.connect('object-added', (_objects, object) => {
    follow(object.get_interface(`${name}.Session`));
    print('following');
});
objects.connect('object-removed', finish);
GLib.timeout_add(GLib.PRIORITY_DEFAULT, 20000, () => loop.quit());
print('ready');
loop.run();
