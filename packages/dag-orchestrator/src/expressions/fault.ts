/** What is wrong with an expression or a template, at which character of its text (0-based). */
export interface ExpressionFault {
  readonly message: string;
  readonly offset: number;
  readonly limit?: number;
  readonly value?: string;
}

/** The one way to stop inside this folder: its callers give faults back as data. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly fault: ExpressionFault;

  constructor(fault: ExpressionFault, options?: ErrorOptions) {
    super(fault.message, options);
    this.fault = fault;
  }
}

export const refuse = (message: string, offset: number, more: Partial<ExpressionFault> = {}): never => {
  throw new ExpressionError({ ...more, message, offset });
};

/** Runs `work` and gives its result, or the fault that stopped it. */
export const attempt = <Result>(work: () => Result): Result | ExpressionError => {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
};
