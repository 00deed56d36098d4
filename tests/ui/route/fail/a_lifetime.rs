use antflow::Route;

#[derive(Route)]
enum Document<'a> {
    Text(&'a str),
    Empty,
}

fn main() {}
