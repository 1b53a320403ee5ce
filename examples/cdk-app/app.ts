import { App } from 'aws-cdk-lib'
import { OwnVpc } from './own-vpc.ts'
import { Shop } from './shop.ts'

const app = new App()
new Shop(app, 'Shop')
new OwnVpc(app, 'OwnVpc')
