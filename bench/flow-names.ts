/** What both sides of the bench of workflows call things. */
export const flowCommands = { leaf: 'flow.leaf', steps: 'flow.steps', fan: 'flow.fan' } as const
