use antflow::Route;

#[derive(Route)]
enum Document {}

fn main() {}
