import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface LongLine {
  readonly port: number
  /** How many times so far something was said in answer to what came over the line: what a run waits for. */
  readonly trips: number
  close(): Promise<void>
}

/**
 * The fewest trips of some tries: a machine that is busy for longer than the line takes can add one, never take one
 * away. Tries no more once it is down to `wanted`.
 */
export async function fewestTrips(wanted: number, count: () => Promise<number>): Promise<number> {
  let fewest = await count()
  for (let tries = 1; tries < 5 && fewest > wanted; tries += 1) fewest = Math.min(fewest, await count())
  return fewest
}

/**
 * A line to a port of this machine with half a round trip each way. What is sent counts as one trip more than the last
 * trip whose answer had come by then. So long as a piece of work takes less than the line, the number is that of the
 * protocol and not of this machine's speed.
 */
export async function openLongLine(port: number, roundTripMs: number): Promise<LongLine> {
  const sockets = new Set<Socket>()
  let trips = 0
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true })
    let sent = 0
    let answered = 0
    forward(near, far, () => {
      sent = answered + 1
      trips = Math.max(trips, sent)
      return () => undefined
    })
    forward(far, near, () => {
      const trip = sent
      return () => (answered = Math.max(answered, trip))
    })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
  })
  function forward(from: Socket, to: Socket, leave: () => () => void): void {
    const later = (work: () => void) => setTimeout(work, roundTripMs / 2)
    from.on('data', (chunk: Buffer) => {
      const arrive = leave()
      later(() => {
        arrive()
        if (!to.destroyed) to.write(chunk)
      })
    })
    from.on('end', () => later(() => to.end()))
    from.on('error', () => to.destroy())
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get trips() {
      return trips
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
