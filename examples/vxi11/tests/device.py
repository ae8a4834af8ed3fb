"""An instrument on python-vxi11's own RPC server classes, for our controller to talk to.

It answers *IDN?, echoes everything else, registers with the portmapper, and prints "ready" when it serves.
"""

import threading

from vxi11 import rpc, vxi11

ABORT_PROGRAM, CORE_PROGRAM = 0x0607B0, 0x0607AF
NO_DEVICE, NO_LINK, LOCKED, NOT_LOCKED, TIMED_OUT = 3, 4, 11, 12, 15
END = 4

output = {}
holder = []


class Channel(rpc.TCPServer):
    """A server with a thread for each connection: its own has room for one at a time."""

    def addpackers(self):
        self.packer, self.unpacker = vxi11.Packer(), vxi11.Unpacker("")

    def loop(self):
        self.sock.listen(8)
        while True:
            connection = self.sock.accept()
            handler = object.__new__(type(self))
            handler.__dict__.update(self.__dict__)
            # Only the first one unregisters at its end.
            handler.registered = False
            handler.addpackers()
            threading.Thread(target=handler.session, args=(connection,), daemon=True).start()


class Abort(Channel):
    def handle_1(self):
        link = self.unpacker.unpack_device_link()
        self.turn_around()
        self.packer.pack_device_error(0 if link in output else NO_LINK)


class Core(Channel):
    abort_port = 0

    def handle_10(self):  # create_link
        _, _, _, device = self.unpacker.unpack_create_link_parms()
        self.turn_around()
        link = len(output) + 1
        error = 0 if device in (b"inst0", "inst0") else NO_DEVICE
        if not error:
            output[link] = b""
        self.packer.pack_create_link_resp((error, link, self.abort_port, 16384))

    def handle_11(self):  # device_write
        link, _, _, _, data = self.unpacker.unpack_device_write_parms()
        self.turn_around()
        if link not in output:
            self.packer.pack_device_write_resp((NO_LINK, 0))
            return
        data = bytes(data)
        output[link] += b"PYTHON,VXI-11,0,1\n" if data.strip() == b"*IDN?" else data
        self.packer.pack_device_write_resp((0, len(data)))

    def handle_12(self):  # device_read
        link, size, _, _, _, _ = self.unpacker.unpack_device_read_parms()
        self.turn_around()
        if not output.get(link):
            error = TIMED_OUT if link in output else NO_LINK
            self.packer.pack_device_read_resp((error, 0, b""))
            return
        # Less than asked for, as instruments do.
        size = min(size, 10000)
        data, output[link] = output[link][:size], output[link][size:]
        self.packer.pack_device_read_resp((0, 0 if output[link] else END, data))

    def handle_13(self):  # device_readstb
        self.unpacker.unpack_device_generic_parms()
        self.turn_around()
        self.packer.pack_device_read_stb_resp((0, 0x42))

    def generic(self):
        self.unpacker.unpack_device_generic_parms()
        self.turn_around()
        self.packer.pack_device_error(0)

    handle_14 = handle_15 = handle_16 = handle_17 = generic

    def handle_18(self):  # device_lock
        link, _, _ = self.unpacker.unpack_device_lock_parms()
        self.turn_around()
        busy = holder not in ([], [link])
        if not busy:
            holder[:] = [link]
        self.packer.pack_device_error(LOCKED if busy else 0)

    def handle_19(self):  # device_unlock
        link = self.unpacker.unpack_device_link()
        self.turn_around()
        own = holder == [link]
        if own:
            holder.clear()
        self.packer.pack_device_error(0 if own else NOT_LOCKED)

    def handle_23(self):  # destroy_link
        link = self.unpacker.unpack_device_link()
        self.turn_around()
        self.packer.pack_device_error(0 if output.pop(link, None) is not None else NO_LINK)


abort, core = Abort("127.0.0.1", ABORT_PROGRAM, 1, 0), Core("127.0.0.1", CORE_PROGRAM, 1, 0)
Core.abort_port = abort.port
threading.Thread(target=abort.loop, daemon=True).start()
core.register()
print("ready", flush=True)
core.loop()
