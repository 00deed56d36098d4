use antflow::Route;

#[derive(Route)]
enum Document {
    Text(Srting),
    Empty,
}

fn main() {}
