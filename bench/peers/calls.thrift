// What is called in the comparison of RPCs.
struct All {
    1: i8 b;
    2: bool f;
    3: i16 s;
    4: i32 i;
    5: i64 l;
    6: double g;
    7: double dbl;
    8: string t;
}

service Calls {
    string echo(1: string text);
}
