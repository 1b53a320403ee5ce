import { type App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'

/**
 * Holds an app to the rules of AWS Solutions at each synth, beside what CDK checks by itself; a finding ends it. What is
 * accepted is said where it is made, with its reason. Not part of the published package, which asks nobody for cdk-nag.
 */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
}
