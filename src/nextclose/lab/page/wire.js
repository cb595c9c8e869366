// One WebSocket: a request a topic, of which the lab answers the newest. Answers are binary frames (lab/frames.py).

const TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array };
const AGAIN = 1000; // ms until a lost connection is tried again

export class Wire {
  constructor(address, { opened, lost }) {
    this.address = address;
    this.hooks = { opened, lost };
    this.listeners = {};
    this.last = {};
    this.count = 0;
    this.connect();
  }

  connect() {
    this.socket = new WebSocket(this.address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.hooks.opened();
    this.socket.onmessage = (event) => this.take(event.data);
    this.socket.onclose = (event) => {
      this.hooks.lost(event.reason);
      setTimeout(() => this.connect(), AGAIN);
    };
  }

  // The request's number, by which its answer can be told; 0 while there is no connection.
  ask(topic, body) {
    if (this.socket.readyState !== WebSocket.OPEN) return 0;
    this.count += 1;
    this.last[topic] = this.count;
    this.socket.send(JSON.stringify({ topic, id: this.count, ...this.common(), ...body }));
    return this.count;
  }

  on(topic, listener) {
    (this.listeners[topic] ??= []).push(listener);
  }

  take(buffer) {
    const [header, arrays] = unpack(buffer);
    header.newest = header.id === this.last[header.topic];
    for (const listener of this.listeners[header.topic] ?? []) listener(header, arrays);
  }
}

export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const [name, type, shape, offset] of header.arrays) {
    const size = shape.reduce((product, part) => product * part, 1);
    arrays[name] = new TYPES[type](buffer, 4 + length + offset, size);
    arrays[name].shape = shape;
  }
  return [header, arrays];
}
