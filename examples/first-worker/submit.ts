import { createClient } from 'taskurai/client'

const client = createClient()
const task = await client.submit('hello.greet', { name: 'Ada' })
const ended = await client.wait(task)
process.stdout.write(`${ended.status}: ${ended.result?.output}\n`)
