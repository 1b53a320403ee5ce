/** Watchers in a process of their own: `live-watchers.ts <url>…`, one connection an address; speaks to the bench by IPC. */
import { WebSocket } from 'ws'

const urls = process.argv.slice(2)
let greeted = 0
let latenciesMs: number[] = []

for (const url of urls) {
  const socket = new WebSocket(url)
  let messages = 0
  socket.on('error', (error) => {
    throw error
  })
  socket.on('message', (data) => {
    const nowMs = performance.timeOrigin + performance.now()
    const { type, task } = JSON.parse(String(data))
    if (type !== 'task') throw new Error(`a watcher was told ${type}`)
    if (messages++ === 0) {
      if (++greeted === urls.length) process.send?.({ kind: 'ready' })
      return
    }
    // The subject is the moment at which its write was sent.
    latenciesMs.push(nowMs - Number(task.subject))
  })
}

process.on('message', () => {
  process.send?.({ kind: 'seen', latenciesMs })
  latenciesMs = []
})
process.on('disconnect', () => process.exit(0))
