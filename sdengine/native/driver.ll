; The driver around the generated loops. Words in capitals are replaced by driver.py: VEC, IVEC
; and MVEC are the vector types, LANES their width, SIZE and STOCKS numbers of slots, RATES the
; distance from a stock to its rate, STEP the time step, HALF half of it; MOVING, SWIFT, RAISED, COPIES
; and FIXED are the program's tables of what moves between two steps, SWITCHES that of the plan.
define internal i64 @apply(ptr noalias %W, ptr %rows, i64 %stride, i64 %m0, ptr %events,
    ptr %event_values, i64 %n_events, i64 %from, i64 %step) #0 {
entry:
  br label %next
next:
  %i = phi i64 [ %from, %entry ], [ %i1, %done ]
  %left = icmp ult i64 %i, %n_events
  br i1 %left, label %look, label %out
look:
  %i3 = mul i64 %i, 3
  %pe = getelementptr i64, ptr %events, i64 %i3
  %when = load i64, ptr %pe
  %due = icmp sle i64 %when, %step
  br i1 %due, label %take, label %out
take:
  %ps = getelementptr i64, ptr %pe, i64 1
  %slot = load i64, ptr %ps
  %pr = getelementptr i64, ptr %pe, i64 2
  %row = load i64, ptr %pr
  %offset = mul i64 %slot, LANES
  %to = getelementptr double, ptr %W, i64 %offset
  %alike = icmp slt i64 %row, 0
  br i1 %alike, label %same, label %each
same:
  %pv = getelementptr double, ptr %event_values, i64 %i
  %value = load double, ptr %pv
  %one = insertelement VEC poison, double %value, i64 0
  %all = shufflevector VEC %one, VEC poison, ZEROS
  store VEC %all, ptr %to, align ALIGN
  br label %done
each:
  %start = mul i64 %row, %stride
  %at = add i64 %start, %m0
  %pf = getelementptr double, ptr %rows, i64 %at
  %values = load VEC, ptr %pf, align 8
  store VEC %values, ptr %to, align ALIGN
  br label %done
done:
  %i1 = add i64 %i, 1
  br label %next
out:
  ret i64 %i
}

define internal void @fill(ptr noalias %W, ptr %defaults) #0 {
entry:
  br label %loop
loop:
  %s = phi i64 [ 0, %entry ], [ %s1, %loop ]
  %pd = getelementptr double, ptr %defaults, i64 %s
  %value = load double, ptr %pd
  %one = insertelement VEC poison, double %value, i64 0
  %all = shufflevector VEC %one, VEC poison, ZEROS
  %offset = mul i64 %s, LANES
  %to = getelementptr double, ptr %W, i64 %offset
  store VEC %all, ptr %to, align ALIGN
  %s1 = add i64 %s, 1
  %more = icmp ult i64 %s1, SIZE
  br i1 %more, label %loop, label %exit
exit:
  ret void
}

define internal void @advance(ptr noalias %W, ptr %stocks, i64 %n) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %more = icmp ult i64 %i, %n
  br i1 %more, label %body, label %exit
body:
  %p = getelementptr i64, ptr %stocks, i64 %i
  %s = load i64, ptr %p
  %offset = mul i64 %s, LANES
  %ps = getelementptr double, ptr %W, i64 %offset
  %rate_offset = add i64 %offset, RATES
  %pr = getelementptr double, ptr %W, i64 %rate_offset
  %stock = load VEC, ptr %ps, align ALIGN
  %rate = load VEC, ptr %pr, align ALIGN
  %change = fmul VEC %rate, STEPS
  %new = fadd VEC %stock, %change
  store VEC %new, ptr %ps, align ALIGN
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret void
}

; takes over what switches are now, and tells whether any has changed, bit by bit
declare i64 @ANY_BIT(IVEC)
define internal i1 @switched(ptr noalias %W) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %seen = phi IVEC [ zeroinitializer, %entry ], [ %seen1, %body ]
  %more = icmp ult i64 %i, N_SWITCHES
  br i1 %more, label %body, label %exit
body:
  %i2 = mul i64 %i, 2
  %p = getelementptr i64, ptr SWITCHES, i64 %i2
  %slot = load i64, ptr %p
  %q = getelementptr i64, ptr %p, i64 1
  %kept = load i64, ptr %q
  %offset = mul i64 %slot, LANES
  %now_at = getelementptr double, ptr %W, i64 %offset
  %now = load IVEC, ptr %now_at, align ALIGN
  %kept_offset = mul i64 %kept, LANES
  %before_at = getelementptr double, ptr %W, i64 %kept_offset
  %before = load IVEC, ptr %before_at, align ALIGN
  store IVEC %now, ptr %before_at, align ALIGN
  %other = xor IVEC %now, %before
  %seen1 = or IVEC %seen, %other
  %i1 = add i64 %i, 1
  br label %head
exit:
  %any = call i64 @ANY_BIT(IVEC %seen)
  %changed = icmp ne i64 %any, 0
  ret i1 %changed
}

; keeps the stocks and their first rates: the start of a Runge-Kutta step
define internal void @begin_stages(ptr noalias %W) #0 {
entry:
  br label %head
head:
  %s = phi i64 [ 0, %entry ], [ %s1, %body ]
  %more = icmp ult i64 %s, STOCKS
  br i1 %more, label %body, label %exit
body:
  %offset = mul i64 %s, LANES
  %stock_at = getelementptr double, ptr %W, i64 %offset
  %stock = load VEC, ptr %stock_at, align ALIGN
  %rate_offset = add i64 %offset, RATES
  %rate_at = getelementptr double, ptr %W, i64 %rate_offset
  %rate = load VEC, ptr %rate_at, align ALIGN
  %start_offset = add i64 %offset, STARTS
  %start_at = getelementptr double, ptr %W, i64 %start_offset
  store VEC %stock, ptr %start_at, align ALIGN
  %sum_offset = add i64 %offset, SUMS
  %sum_at = getelementptr double, ptr %W, i64 %sum_offset
  store VEC %rate, ptr %sum_at, align ALIGN
  %s1 = add i64 %s, 1
  br label %head
exit:
  ret void
}

; stock = start + by × rate: where the next stage is computed
define internal void @stage(ptr noalias %W, double %by) #0 {
entry:
  %one = insertelement VEC poison, double %by, i64 0
  %all = shufflevector VEC %one, VEC poison, ZEROS
  br label %head
head:
  %s = phi i64 [ 0, %entry ], [ %s1, %body ]
  %more = icmp ult i64 %s, STOCKS
  br i1 %more, label %body, label %exit
body:
  %offset = mul i64 %s, LANES
  %rate_offset = add i64 %offset, RATES
  %rate_at = getelementptr double, ptr %W, i64 %rate_offset
  %rate = load VEC, ptr %rate_at, align ALIGN
  %start_offset = add i64 %offset, STARTS
  %start_at = getelementptr double, ptr %W, i64 %start_offset
  %start = load VEC, ptr %start_at, align ALIGN
  %change = fmul VEC %rate, %all
  %new = fadd VEC %start, %change
  %stock_at = getelementptr double, ptr %W, i64 %offset
  store VEC %new, ptr %stock_at, align ALIGN
  %s1 = add i64 %s, 1
  br label %head
exit:
  ret void
}

; sum = sum + weight × rate
define internal void @weigh(ptr noalias %W, double %weight) #0 {
entry:
  %one = insertelement VEC poison, double %weight, i64 0
  %all = shufflevector VEC %one, VEC poison, ZEROS
  br label %head
head:
  %s = phi i64 [ 0, %entry ], [ %s1, %body ]
  %more = icmp ult i64 %s, STOCKS
  br i1 %more, label %body, label %exit
body:
  %offset = mul i64 %s, LANES
  %rate_offset = add i64 %offset, RATES
  %rate_at = getelementptr double, ptr %W, i64 %rate_offset
  %rate = load VEC, ptr %rate_at, align ALIGN
  %sum_offset = add i64 %offset, SUMS
  %sum_at = getelementptr double, ptr %W, i64 %sum_offset
  %sum = load VEC, ptr %sum_at, align ALIGN
  %part = fmul VEC %rate, %all
  %new = fadd VEC %sum, %part
  store VEC %new, ptr %sum_at, align ALIGN
  %s1 = add i64 %s, 1
  br label %head
exit:
  ret void
}

; stock = start + by × sum: the end of a Runge-Kutta step
define internal void @end_stages(ptr noalias %W, double %by) #0 {
entry:
  %one = insertelement VEC poison, double %by, i64 0
  %all = shufflevector VEC %one, VEC poison, ZEROS
  br label %head
head:
  %s = phi i64 [ 0, %entry ], [ %s1, %body ]
  %more = icmp ult i64 %s, STOCKS
  br i1 %more, label %body, label %exit
body:
  %offset = mul i64 %s, LANES
  %start_offset = add i64 %offset, STARTS
  %start_at = getelementptr double, ptr %W, i64 %start_offset
  %start = load VEC, ptr %start_at, align ALIGN
  %sum_offset = add i64 %offset, SUMS
  %sum_at = getelementptr double, ptr %W, i64 %sum_offset
  %sum = load VEC, ptr %sum_at, align ALIGN
  %change = fmul VEC %sum, %all
  %new = fadd VEC %start, %change
  %stock_at = getelementptr double, ptr %W, i64 %offset
  store VEC %new, ptr %stock_at, align ALIGN
  %s1 = add i64 %s, 1
  br label %head
exit:
  ret void
}

; the loops have moved SWIFT on themselves where the step was not saved
define internal void @advance_euler(ptr noalias %W, double %time, i1 %seen) #0 {
  call void @advance(ptr %W, ptr MOVING, i64 N_MOVING)
  %n = select i1 %seen, i64 N_SWIFT, i64 0
  call void @advance(ptr %W, ptr SWIFT, i64 %n)
  ret void
}

define internal void @advance_rk2(ptr noalias %W, double %time, i1 %seen) #0 {
  %end = fadd double %time, STEP
  call void @begin_stages(ptr %W)
  call void @stage(ptr %W, double STEP)
  call void @dynamic(ptr %W, double %end, i1 false)
  call void @weigh(ptr %W, double ONE)
  call void @end_stages(ptr %W, double STEP_HALF)
  ret void
}

define internal void @advance_rk4(ptr noalias %W, double %time, i1 %seen) #0 {
  %middle = fadd double %time, STEP_HALF
  %end = fadd double %time, STEP
  call void @begin_stages(ptr %W)
  call void @stage(ptr %W, double STEP_HALF)
  call void @dynamic(ptr %W, double %middle, i1 false)
  call void @weigh(ptr %W, double TWO)
  call void @stage(ptr %W, double STEP_HALF)
  call void @dynamic(ptr %W, double %middle, i1 false)
  call void @weigh(ptr %W, double TWO)
  call void @stage(ptr %W, double STEP)
  call void @dynamic(ptr %W, double %end, i1 false)
  call void @weigh(ptr %W, double ONE)
  call void @end_stages(ptr %W, double STEP_SIXTH)
  ret void
}

; the trapezium rule: half of each end, all of what lies between
define internal void @accumulate(ptr noalias %W, ptr %totals, i64 %n_totals, ptr noalias %sums) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %more = icmp ult i64 %i, %n_totals
  br i1 %more, label %body, label %exit
body:
  %p = getelementptr i64, ptr %totals, i64 %i
  %slot = load i64, ptr %p
  %offset = mul i64 %slot, LANES
  %from = getelementptr double, ptr %W, i64 %offset
  %value = load VEC, ptr %from, align ALIGN
  %part = fmul VEC %value, HALF
  %sum_offset = mul i64 %i, LANES
  %at = getelementptr double, ptr %sums, i64 %sum_offset
  %old = load VEC, ptr %at, align ALIGN
  %new = fadd VEC %old, %part
  store VEC %new, ptr %at, align ALIGN
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret void
}

; copies n slots (or sums) of this block to one saved time, past the caches: what is kept is read
; much later, and its rows lie far apart; adds 0 × value to a NaN detector
define internal VEC @save(ptr noalias %from, ptr %slots, i64 %n, ptr noalias %to, i64 %first,
    i64 %stride, VEC %check) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %copy ]
  %seen = phi VEC [ %check, %entry ], [ %seen1, %copy ]
  %more = icmp ult i64 %i, %n
  br i1 %more, label %body, label %exit
body:
  %indirect = icmp ne ptr %slots, null
  br i1 %indirect, label %lookup, label %copy
lookup:
  %p = getelementptr i64, ptr %slots, i64 %i
  %slot = load i64, ptr %p
  br label %copy
copy:
  %which = phi i64 [ %slot, %lookup ], [ %i, %body ]
  %offset = mul i64 %which, LANES
  %source = getelementptr double, ptr %from, i64 %offset
  %value = load VEC, ptr %source, align ALIGN
  %row = mul i64 %i, %stride
  %at = add i64 %first, %row
  %dest = getelementptr double, ptr %to, i64 %at
  store VEC %value, ptr %dest, STREAMED
  %nought = fmul VEC %value, zeroinitializer
  %seen1 = fadd VEC %seen, %nought
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret VEC %seen
}

define internal VEC @check_stocks(ptr noalias %W) #0 {
entry:
  %some = icmp ugt i64 STOCKS, 0
  br i1 %some, label %loop, label %exit
loop:
  %s = phi i64 [ 0, %entry ], [ %s1, %loop ]
  %seen = phi VEC [ zeroinitializer, %entry ], [ %seen1, %loop ]
  %offset = mul i64 %s, LANES
  %p = getelementptr double, ptr %W, i64 %offset
  %value = load VEC, ptr %p, align ALIGN
  %nought = fmul VEC %value, zeroinitializer
  %seen1 = fadd VEC %seen, %nought
  %s1 = add i64 %s, 1
  %more = icmp ult i64 %s1, STOCKS
  br i1 %more, label %loop, label %exit
exit:
  %out = phi VEC [ zeroinitializer, %entry ], [ %seen1, %loop ]
  ret VEC %out
}

define internal void @clear(ptr noalias %sums, i64 %n) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %more = icmp ult i64 %i, %n
  br i1 %more, label %body, label %exit
body:
  %offset = mul i64 %i, LANES
  %p = getelementptr double, ptr %sums, i64 %offset
  store VEC zeroinitializer, ptr %p, align ALIGN
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret void
}

; stocks that may not fall below 0; NaN stays
define internal void @raise(ptr noalias %W) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %more = icmp ult i64 %i, N_RAISED
  br i1 %more, label %body, label %exit
body:
  %p = getelementptr i64, ptr RAISED, i64 %i
  %slot = load i64, ptr %p
  %offset = mul i64 %slot, LANES
  %at = getelementptr double, ptr %W, i64 %offset
  %value = load VEC, ptr %at, align ALIGN
  %below = fcmp olt VEC %value, zeroinitializer
  %new = select MVEC %below, VEC zeroinitializer, VEC %value
  store VEC %new, ptr %at, align ALIGN
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret void
}

; each row (state, source) moves a value on
define internal void @copy(ptr noalias %W) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %more = icmp ult i64 %i, N_COPIES
  br i1 %more, label %body, label %exit
body:
  %i2 = mul i64 %i, 2
  %p = getelementptr i64, ptr COPIES, i64 %i2
  %slot = load i64, ptr %p
  %q = getelementptr i64, ptr %p, i64 1
  %source = load i64, ptr %q
  %from_offset = mul i64 %source, LANES
  %from = getelementptr double, ptr %W, i64 %from_offset
  %value = load VEC, ptr %from, align ALIGN
  %offset = mul i64 %slot, LANES
  %at = getelementptr double, ptr %W, i64 %offset
  store VEC %value, ptr %at, align ALIGN
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret void
}

; each row (output, input, order, initial) of a fixed delay: keep the input of step k in the
; history
define internal void @keep(ptr noalias %W, ptr noalias %history, i64 %k) #0 {
entry:
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %more = icmp ult i64 %i, N_FIXED
  br i1 %more, label %body, label %exit
body:
  %i4 = mul i64 %i, 4
  %p = getelementptr i64, ptr FIXED, i64 %i4
  %p1 = getelementptr i64, ptr %p, i64 1
  %in_slot = load i64, ptr %p1
  %in_offset = mul i64 %in_slot, LANES
  %from = getelementptr double, ptr %W, i64 %in_offset
  %value = load VEC, ptr %from, align ALIGN
  %row = mul i64 %k, N_FIXED
  %place = add i64 %row, %i
  %place_offset = mul i64 %place, LANES
  %to = getelementptr double, ptr %history, i64 %place_offset
  store VEC %value, ptr %to, align ALIGN
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret void
}

; give the output of step k + 1 the input of step k + 1 - order, lane by lane
define internal void @shift(ptr noalias %W, ptr noalias %history, i64 %k) #0 {
entry:
  %k1 = add i64 %k, 1
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %i1, %done ]
  %more = icmp ult i64 %i, N_FIXED
  br i1 %more, label %find, label %exit
find:
  %i4 = mul i64 %i, 4
  %p = getelementptr i64, ptr FIXED, i64 %i4
  %out_slot = load i64, ptr %p
  %p2 = getelementptr i64, ptr %p, i64 2
  %order_slot = load i64, ptr %p2
  %p3 = getelementptr i64, ptr %p, i64 3
  %first_slot = load i64, ptr %p3
  %out_offset = mul i64 %out_slot, LANES
  %order_offset = mul i64 %order_slot, LANES
  %first_offset = mul i64 %first_slot, LANES
  br label %lane
lane:
  %l = phi i64 [ 0, %find ], [ %l1, %put ]
  %order_at = add i64 %order_offset, %l
  %order_p = getelementptr double, ptr %W, i64 %order_at
  %order_f = load double, ptr %order_p
  %past = sitofp i64 %k1 to double
  %known = fcmp ole double %order_f, %past
  br i1 %known, label %old, label %first
old:
  %order = fptosi double %order_f to i64
  %when = sub i64 %k1, %order
  %old_row = mul i64 %when, N_FIXED
  %old_place = add i64 %old_row, %i
  %old_offset = mul i64 %old_place, LANES
  %old_at = add i64 %old_offset, %l
  %old_p = getelementptr double, ptr %history, i64 %old_at
  %old_value = load double, ptr %old_p
  br label %put
first:
  %first_at = add i64 %first_offset, %l
  %first_p = getelementptr double, ptr %W, i64 %first_at
  %first_value = load double, ptr %first_p
  br label %put
put:
  %new = phi double [ %old_value, %old ], [ %first_value, %first ]
  %out_at = add i64 %out_offset, %l
  %out_p = getelementptr double, ptr %W, i64 %out_at
  store double %new, ptr %out_p
  %l1 = add i64 %l, 1
  %lanes_left = icmp ult i64 %l1, LANES
  br i1 %lanes_left, label %lane, label %done
done:
  %i1 = add i64 %i, 1
  br label %head
exit:
  ret void
}

; puts stocks back to where begin_stages found them
define internal void @restore(ptr noalias %W) #0 {
entry:
  br label %head
head:
  %s = phi i64 [ 0, %entry ], [ %s1, %body ]
  %more = icmp ult i64 %s, STOCKS
  br i1 %more, label %body, label %exit
body:
  %offset = mul i64 %s, LANES
  %start_offset = add i64 %offset, STARTS
  %start_at = getelementptr double, ptr %W, i64 %start_offset
  %start = load VEC, ptr %start_at, align ALIGN
  %stock_at = getelementptr double, ptr %W, i64 %offset
  store VEC %start, ptr %stock_at, align ALIGN
  %s1 = add i64 %s, 1
  br label %head
exit:
  ret void
}

define void @run(ptr noalias %W, ptr noalias %history, ptr %defaults, ptr %rows, i64 %stride, i64 %m0, ptr %events,
    ptr %event_values, i64 %n_events, ptr %feeds, ptr %feed_values, i64 %n_feeds, ptr %feed_rows, ptr %flags,
    ptr %report, i64 %n_report, ptr %totals, i64 %n_totals, ptr noalias %sums, ptr noalias %out, ptr noalias %out_totals, ptr noalias %bad, i64 %steps,
    ptr %saves, i64 %begin, ptr %state, i64 %n_state, ptr %state_rows) #0 {
entry:
  %summed = icmp ne i64 %n_totals, 0
  call void @fill(ptr %W, ptr %defaults)
  call void @clear(ptr %sums, i64 %n_totals)
  %first = call i64 @apply(ptr %W, ptr %rows, i64 LANES, i64 0, ptr %events,
    ptr %event_values, i64 %n_events, i64 0, i64 0)
  %fed0 = call i64 @apply(ptr %W, ptr %feed_rows, i64 LANES, i64 0, ptr %feeds,
    ptr %feed_values, i64 %n_feeds, i64 0, i64 0)
  call void @initial(ptr %W, double START)
  %taken = call i64 @apply(ptr %W, ptr %state_rows, i64 LANES, i64 0, ptr %state,
    ptr %event_values, i64 %n_state, i64 0, i64 0)
  call void @invariant(ptr %W, double START)
  br label %step
step:
  %k = phi i64 [ %begin, %entry ], [ %k1, %move ]
  %cursor = phi i64 [ %first, %entry ], [ %cursor1, %move ]
  %fed = phi i64 [ %fed0, %entry ], [ %fed1, %move ]
  %saved = phi i64 [ 0, %entry ], [ %saved1, %move ]
  %fed1 = call i64 @apply(ptr %W, ptr %feed_rows, i64 LANES, i64 0, ptr %feeds,
    ptr %feed_values, i64 %n_feeds, i64 %fed, i64 %k)
  %cursor1 = call i64 @apply(ptr %W, ptr %rows, i64 LANES, i64 0, ptr %events,
    ptr %event_values, i64 %n_events, i64 %cursor, i64 %k)
  %kf = sitofp i64 %k to double
  %gone = fmul double %kf, STEP
  %time = fadd double %gone, START
  %changed = icmp ne i64 %cursor1, %cursor
  br i1 %changed, label %renew, label %look
renew:
  call void @renew(ptr %W, double START, ptr %flags, i64 1)
  br label %look
look:
  call void @switch(ptr %W, double %time)
  %switched = call i1 @switched(ptr %W)
  br i1 %switched, label %turn, label %compute
turn:
  call void @renew(ptr %W, double START, ptr %flags, i64 2)
  br label %compute
compute:
  %next_save_at = getelementptr i64, ptr %saves, i64 %saved
  %next_save = load i64, ptr %next_save_at
  %keep = icmp eq i64 %k, %next_save
  %seen = or i1 %keep, %summed
  br i1 %keep, label %inspect, label %go
inspect:
  %check = call VEC @check_stocks(ptr %W)
  br label %go
go:
  %check0 = phi VEC [ %check, %inspect ], [ zeroinitializer, %compute ]
  %last = icmp eq i64 %k, %steps
  br i1 %last, label %hold, label %evaluate
hold: ; the loops move some stocks on by themselves; what a run ends with is where they stood
  call void @begin_stages(ptr %W)
  br label %evaluate
evaluate:
  call void @dynamic(ptr %W, double %time, i1 %seen)
  call void @accumulate(ptr %W, ptr %totals, i64 %n_totals, ptr %sums)
  br i1 %keep, label %store, label %between
between:
  call void @accumulate(ptr %W, ptr %totals, i64 %n_totals, ptr %sums)
  br label %after
store:
  %per_report = mul i64 %n_report, %stride
  %row_report = mul i64 %saved, %per_report
  %to_report = add i64 %row_report, %m0
  %per_total = mul i64 %n_totals, %stride
  %row_total = mul i64 %saved, %per_total
  %to_total = add i64 %row_total, %m0
  %check1 = call VEC @save(ptr %W, ptr %report, i64 %n_report, ptr %out, i64 %to_report,
    i64 %stride, VEC %check0)
  %check2 = call VEC @save(ptr %sums, ptr null, i64 %n_totals, ptr %out_totals, i64 %to_total,
    i64 %stride, VEC %check1)
  call void @clear(ptr %sums, i64 %n_totals)
  call void @accumulate(ptr %W, ptr %totals, i64 %n_totals, ptr %sums)
  %pb = getelementptr i64, ptr %bad, i64 %m0
  %old = load IVEC, ptr %pb, align 8
  %broken = fcmp uno VEC %check2, %check2
  %unset = icmp slt IVEC %old, zeroinitializer
  %both = and MVEC %broken, %unset
  %now1 = insertelement IVEC poison, i64 %saved, i64 0
  %now = shufflevector IVEC %now1, IVEC poison, ZEROS
  %new = select MVEC %both, IVEC %now, IVEC %old
  store IVEC %new, ptr %pb, align 8
  br label %after
after:
  %next_saved = add i64 %saved, 1
  %saved1 = select i1 %keep, i64 %next_saved, i64 %saved
  br i1 %last, label %exit, label %move
move:
  call void @keep(ptr %W, ptr %history, i64 %k)
  call void @copy(ptr %W)
  call void @advance_METHOD(ptr %W, double %time, i1 %seen)
  call void @raise(ptr %W)
  call void @shift(ptr %W, ptr %history, i64 %k)
  %k1 = add i64 %k, 1
  br label %step
exit:
  call void @restore(ptr %W)
  fence seq_cst
  ret void
}
