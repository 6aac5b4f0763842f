export * from './address.ts';
export * from './frame.ts';
export * from './judge-output.ts';
export * from './names.ts';
export * from './pack.ts';
export * from './receipt.ts';
