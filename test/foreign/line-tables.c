// Built with clang's own line tables: where it stops is asked of them.

typedef unsigned int u32;

static u32 fall(u32 n) {
  if (n == 0)
    __builtin_trap();
  return fall(n - 1) + 1;
}

__attribute__((export_name("t:lines/work#fall"))) u32 work_fall(u32 n) {
  return fall(n);
}

__attribute__((export_name("t:lines/work#sum"))) u32 work_sum(u32 n) {
  volatile u32 sum = 0;
  for (u32 i = 0; i < n; i++)
    sum += i * i;
  return sum;
}
