#!/usr/bin/env python3
"""A peer that speaks spamd's synchronisation protocol, version 2, and shares no line with the one under test.

    independent-peer.py KEYFILE

Binds a UDP port on 127.0.0.1 and prints {"port": N}. Then it prints a line of JSON for each datagram that it hears, with
what spamd would make of it, and sends what lines of JSON on its input tell it to send:

    {"port": N, "counter": N, "entries": [["white", TIMESTAMP, EXPIRE, "192.0.2.1"], ...]}

Kinds are white, trapped, white-deleted, trapped-deleted, and grey with FROM, TO and HELO in the place of EXPIRE, as in
["grey", TIMESTAMP, "192.0.2.1", FROM, TO, HELO].
"""

import hashlib
import hmac
import json
import os
import selectors
import socket
import struct
import sys
import time

HEADER = struct.Struct(">BBHI20s4s")
ADDRESS = struct.Struct(">HHII4s")
GREY = struct.Struct(">HHI4sHHH")
TYPES = {"white": 2, "trapped": 3, "white-deleted": 4, "trapped-deleted": 5}


def read_key(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha1(file.read()).hexdigest().encode()
    except FileNotFoundError:
        return b""


def build(key, counter, entries):
    body = b""
    for entry in entries:
        if entry[0] == "grey":
            _, timestamp, ip, sender, to, helo = entry
            texts = [text.encode() + b"\0" for text in (sender, to, helo)]
            used = GREY.size + sum(map(len, texts))
            length = (used + 15) // 16 * 16
            body += GREY.pack(1, length, timestamp, socket.inet_aton(ip), *map(len, texts))
            body += b"".join(texts) + b"\0" * (length - used)
        else:
            kind, timestamp, expire, ip = entry
            body += ADDRESS.pack(TYPES[kind], 16, timestamp, expire, socket.inet_aton(ip))
    body += struct.pack(">HH", 0, 4)
    length = HEADER.size + len(body)
    message = HEADER.pack(2, 2, length, counter, b"\0" * 20, b"\0" * 4) + body
    digest = hmac.new(key, message, hashlib.sha1).digest()
    return HEADER.pack(2, 2, length, counter, digest, b"\0" * 4) + body


def twupdate(database, kind, ip, expire, now):
    """What spamd's greylister does with a line from the network."""
    if expire < now:
        return
    old = database.get(ip)
    if old is None:
        pcount = -1 if kind == 3 else 0
        database[ip] = {"first": now, "pass": 0, "expire": expire, "bcount": 0, "pcount": pcount}
    elif kind == 3:
        old["pcount"] = -1
        old["bcount"] += 1
    else:
        old["pcount"] += 1


def receive(key, database, datagram):
    """What spamd's receiver does with a datagram of at most 1408 bytes."""
    datagram = datagram[:1408]
    if len(datagram) < HEADER.size:
        return {"refused": "truncated"}
    version, family, length, counter, digest, pad = HEADER.unpack_from(datagram)
    if version != 2 or family != 2 or len(datagram) < length:
        return {"refused": "header"}
    message = datagram[:length]
    zeroed = message[:8] + b"\0" * 20 + message[28:]
    if not hmac.compare_digest(hmac.new(key, zeroed, hashlib.sha1).digest(), digest):
        return {"refused": "hmac"}
    entries = []
    at = HEADER.size
    while at < length:
        kind, size = struct.unpack_from(">HH", message, at)
        if kind == 0:
            break
        if kind not in (2, 3) or size != 16:
            return {"refused": "entry", "entries": entries}
        _, _, timestamp, expire, packed = ADDRESS.unpack_from(message, at)
        ip = socket.inet_ntoa(packed)
        entries.append([kind, timestamp, expire, ip])
        twupdate(database, kind, ip, expire, int(time.time()))
        at += size
    return {"counter": counter, "entries": entries, "length": len(datagram), "pad": pad.hex()}


def main():
    key = read_key(sys.argv[1])
    database = {}
    rest = b""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    print(json.dumps({"port": udp.getsockname()[1]}), flush=True)
    events = selectors.DefaultSelector()
    events.register(udp, selectors.EVENT_READ)
    events.register(sys.stdin, selectors.EVENT_READ)
    while True:
        for ready, _ in events.select():
            if ready.fileobj is udp:
                heard = receive(key, database, udp.recv(65536))
                print(json.dumps({"heard": heard, "database": database}), flush=True)
                continue
            read = os.read(sys.stdin.fileno(), 65536)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            for order in map(json.loads, lines):
                message = build(key, order["counter"], order["entries"])
                udp.sendto(message, ("127.0.0.1", order["port"]))


main()
