export * from './address.ts';
export * from './frame.ts';
export * from './judge-output.ts';
export * from './receipt.ts';
