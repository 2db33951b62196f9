import { connect, createServer, type Socket } from 'node:net'

/*
 * node line.ts GATEWAY MILLISECONDS PORT=ADDRESS…: a long line to every host, for kernels without netem. Each port of the
 * gateway leads to port 22 of its address, half the round trip each way. The TCP handshake itself is not delayed.
 */
const [gateway = '', roundTrip = '', ...lines] = process.argv.slice(2)

for (const line of lines) {
  const [port, host = ''] = line.split('=')
  createServer({ noDelay: true }, (near) => {
    const far = connect({ port: 22, host, noDelay: true })
    forward(near, far)
    forward(far, near)
  }).listen(Number(port), gateway, 4096)
}

function forward(from: Socket, to: Socket): void {
  const later = (work: () => void) => setTimeout(work, Number(roundTrip) / 2)
  from.on('data', (chunk) => later(() => to.destroyed || to.write(chunk)))
  from.on('end', () => later(() => to.end()))
  from.on('error', () => to.destroy())
}
