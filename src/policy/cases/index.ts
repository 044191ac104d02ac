/** cases: files of questions with the verdicts that are expected, to try policies with before anybody is held to them. */
export { type CaseFile, caseFile } from './format.ts';
export { type CaseResult, runCases } from './run.ts';
