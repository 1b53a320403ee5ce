/** The tasks that `npm start` submits: for each order one confirmation and one mail. */
import type { NewTask } from 'taskurai/client'
import type { Order } from './order.ts'
import { readOrders } from './orders.ts'

const tasksOf = (order: Order): readonly NewTask[] => {
  const shared = {
    arguments: order,
    externalId: order.id,
    tags: { customer: order.customer.number, country: order.shipTo.country },
  }
  return [
    { command: 'order.confirm', subject: `Confirm order ${order.id} of ${order.shipTo.name}`, ...shared },
    { command: 'order.mail', subject: `Mail order ${order.id} to ${order.customer.contact}`, ...shared },
  ]
}

/** The tasks of the first `limit` orders of the data set, two for each. */
export const exampleTasks = (limit: number): NewTask[] => {
  const tasks: NewTask[] = []
  let taken = 0
  for (const order of readOrders()) {
    if (taken >= limit) break
    tasks.push(...tasksOf(order))
    taken += 1
  }
  return tasks
}
