use antflow::Route;

#[derive(Route)]
#[route(crate = flow)]
enum Document {
    Text(String),
}

fn main() {}
