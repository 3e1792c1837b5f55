"""One end of a tunnel of record-traffic.sh, in user space.

    tunnel.py vlan|qinq|ipip|gre DEVICE LOCAL REMOTE ADDRESS4 ADDRESS6

Creates an interface with the two addresses and carries what is sent to it over DEVICE: Ethernet frames with one
or two VLAN tags, or IP packets in IP or GRE between LOCAL and REMOTE.
"""
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys

TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454CA, 1, 2, 0x1000
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 1 << 4
TAGS = {"vlan": [(0x8100, 100)], "qinq": [(0x88A8, 200), (0x8100, 30)]}

mode, device, local, remote, address4, address6 = sys.argv[1:]


def create_interface(kind):
    name = f"{mode}0"
    end = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", name.encode(), kind | IFF_NO_PI))
    for command in (f"addr add {address4}/24 dev {name}", f"addr add {address6}/64 dev {name} nodad",
                    f"link set {name} mtu 1400 up"):
        subprocess.run(["ip", *command.split()], check=True)
    return end


def carry(end, line, wrap, unwrap):
    while True:
        ready, _, _ = select.select([end, line], [], [])
        if end in ready:
            wrap(os.read(end, 65536))
        if line in ready:
            packet = unwrap()
            if packet:
                os.write(end, packet)


def tagged_frames():
    tags = b"".join(struct.pack("!HH", *tag) for tag in TAGS[mode])
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    line.bind((device, 0))
    line.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)

    def unwrap():
        frame, ancillary, _, sender = line.recvmsg(65536, 256)
        if sender[2] == socket.PACKET_OUTGOING:
            return None
        for level, kind, data in ancillary:
            status, _, _, _, _, tci, protocol = struct.unpack("IIIHHHH", data[:20])
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & VLAN_VALID:
                frame = frame[:12] + struct.pack("!HH", protocol, tci) + frame[12:]  # the kernel took it out
        return frame[:12] + frame[12 + len(tags):] if frame[12:12 + len(tags)] == tags else None

    carry(create_interface(IFF_TAP), line, lambda frame: line.send(frame[:12] + tags + frame[12:]), unwrap)


def tunnelled_packets():
    protocols = [socket.IPPROTO_IPIP, socket.IPPROTO_IPV6] if mode == "ipip" else [socket.IPPROTO_GRE]
    lines = {protocol: socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) for protocol in protocols}
    for line in lines.values():
        line.bind((local, 0))
        line.connect((remote, 0))
    end = create_interface(IFF_TUN)

    def wrap(packet):
        is_ipv6 = packet[0] >> 4 == 6
        if mode == "gre":
            lines[socket.IPPROTO_GRE].send(struct.pack("!HH", 0, 0x86DD if is_ipv6 else 0x0800) + packet)
        else:
            lines[socket.IPPROTO_IPV6 if is_ipv6 else socket.IPPROTO_IPIP].send(packet)

    def move(source):
        if source == end:
            wrap(os.read(end, 65536))
        else:
            packet = source.recv(65536)
            header = (packet[0] & 15) * 4 + (4 if mode == "gre" else 0)
            os.write(end, packet[header:])

    while True:
        ready, _, _ = select.select([end, *lines.values()], [], [])
        for source in ready:
            try:
                move(source)
            except OSError:  # the other end is not there yet, and ICMP has said so
                pass


tagged_frames() if mode in TAGS else tunnelled_packets()
