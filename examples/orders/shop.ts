/** Who sends the papers: the trader of the Northwind data set, at the address its own sample reports print. */
export const SHOP = {
  name: 'Northwind Traders',
  trade: 'Speciality foods from around the world',
  address: ['One Portals Way', 'Twin Points, WA 98156', 'United States'],
  email: 'orders@northwind.example',
} as const
