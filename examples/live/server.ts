import { createClient } from 'taskurai/client'
import { buildPages } from './pages.ts'
import { createShop } from './shop.ts'

const port = Number(process.env.PORT ?? 4500)
const shop = createShop({ client: createClient(), assets: await buildPages() })
shop.listen(port, '127.0.0.1', () => process.stdout.write(`the shop is on http://127.0.0.1:${port}\n`))
