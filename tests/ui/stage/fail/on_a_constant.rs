use antflow::stage;

#[stage]
const WORKERS: usize = 4;

fn main() {}
