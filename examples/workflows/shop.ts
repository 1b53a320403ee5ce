/** The services around an order, played in memory: a warehouse, a bank, a carrier. Each books once for one key. */

export interface Booking {
  readonly reference: string
}

const booked = new Map<string, Booking>()

function book(what: string, key: string): Booking {
  const known = booked.get(`${what} ${key}`)
  if (known !== undefined) return known
  const booking = { reference: `${what}-${booked.size + 1}` }
  booked.set(`${what} ${key}`, booking)
  return booking
}

export const shop = {
  reserve: (orderId: string) => book('reservation', orderId),
  release: (reservation: string) => book('release', reservation),
  charge: (orderId: string, cents: number) => book(`charge-${cents}`, orderId),
  refund: (charge: string) => book('refund', charge),
  ship: (orderId: string) => book('parcel', orderId),
}
