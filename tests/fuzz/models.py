"""Models with something of everything, which are broken."""

from __future__ import annotations

CLOCK = "INITIAL TIME=0~~|\nFINAL TIME=2~~|\nTIME STEP=0.5~~|\nSAVEPER=TIME STEP~~|\n"
VENSIM = (
    "{UTF-8}\n:MACRO: GROW(x, rate : twice)\nGROW=INTEG(x*rate, x)~~|\ntwice=2*x~~|\n"
    ":END OF MACRO:\n"
    "s: a,b,(n1-n3)~~|\nbig: p,q -> (s: small,n3)~~|\nsmall: a,b,n1,n2~~|\nv[big]=1,2~~|\n"
    "w[s]=v[big]+VECTOR ELM MAP(x[a],Time)-2^2*LOOKUP INVERT(up,Time)~~|\nup((0,0),(9,9))~~|\n"
    "x[s]=1,2,3,4,5~ kg [0,10] ~ a comment|\n"
    'table((0,0),(1,2),(4,-1))~~|\n"odd name!"=table(Time)+SUM(x[s!])~~|\n'
    "S[s]=INTEG(GROW(x[s], 0.1 : more[s])-S[s]*DELAY3(x[s],2), x[s])~~|\n"
    'y[s] :EXCEPT: [a]=IF THEN ELSE(S[s]>"odd name!", 1, 0)~~|\ny[a]=MODULO(Time,2)~~|\n'
    "总产值=VMAX(S[s!])*RANDOM UNIFORM(0,1,3)~ 亿元 ~ 中文: 产值|\n" + CLOCK
)
D = '<dimensions><dim name="d"/></dimensions>'
XMILE = (
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
    "<sim_specs><start>0</start><stop>2</stop><dt>0.5</dt></sim_specs>"
    '<dimensions><dim name="d"><elem name="p"/><elem name="q"/></dim></dimensions>'
    '<macro name="acc"><parm>in</parm><parm default="1">by</parm><eqn>A</eqn><variables>'
    '<stock name="A"><eqn>in</eqn><inflow>g</inflow></stock><flow name="g"><eqn>in*by</eqn></flow>'
    '</variables></macro><model><variables><module name="M"><connect to="M.in" from="g"/></module>'
    f'<aux name="e">{D}<element subscript="p"><eqn>h</eqn></element><element subscript="q">'
    "<eqn>IF M.out &gt; 2 THEN SUM(S[*]) ELSE -2^2 MOD 3</eqn></element></aux>"
    '<aux name="h"><eqn>acc(1)</eqn></aux>'
    f'<stock name="S">{D}<eqn>1</eqn><inflow>f</inflow></stock><flow name="f">{D}<eqn>S*k</eqn>'
    '</flow><aux name="k"><eqn>SIN(TIME)+g</eqn></aux><aux name="g"><eqn>TIME</eqn>'
    "<gf><xpts>0,1,2</xpts><ypts>0,1,4</ypts></gf></aux></variables></model>"
    '<model name="M"><variables><aux name="in"><eqn>0</eqn></aux><aux name="out"><eqn>in*2</eqn>'
    "</aux></variables></model></xmile>"
)
SPECIAL = (
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">'
    "<sim_specs><start>0</start><stop>4</stop><dt>0.5</dt></sim_specs>"
    '<dimensions><dim name="D"><elem name="A"/><elem name="B"/></dim><dim name="E" size="3"/>'
    "</dimensions><behavior><non_negative/></behavior><model><variables>"
    '<gf name="t"><dimensions><dim name="D"/></dimensions><element subscript="A">'
    '<xscale min="0" max="4"/><ypts>0,9</ypts></element><element subscript="B">'
    '<xpts>0,1,2</xpts><ypts>0,4,1</ypts></element></gf><stock name="yard"><eqn>50</eqn>'
    "<outflow>i</outflow><outflow>lost</outflow></stock>"
    '<flow name="i"><eqn>IF TIME &lt; 3 THEN 2 + HISTORY(yard, TIME - 1) * 0 ELSE 0</eqn></flow>'
    '<flow name="lost"><eqn>LOOKUP(t[A], TIME)</eqn></flow>'
    '<stock name="q"><eqn>0</eqn><inflow>i</inflow><outflow>take</outflow><outflow>over</outflow>'
    '<queue/></stock><flow name="take"/><flow name="over"><overflow/></flow>'
    '<stock name="w"><eqn>3</eqn><inflow>take</inflow><outflow>o</outflow><outflow>l</outflow>'
    '<conveyor exponential_leak="true"><len>k + 1</len><capacity>9</capacity><in_limit>4</in_limit>'
    "<sample>1</sample><arrest>IF TIME = 2 THEN 1 ELSE 0</arrest></conveyor></stock>"
    '<flow name="o"/><flow name="l" leak_start="0.1" leak_end="0.9"><eqn>0.2</eqn><leak/></flow>'
    '<stock name="w2"><eqn>1</eqn><inflow>o</inflow><inflow>j</inflow><outflow>o2</outflow>'
    "<conveyor><len>1</len><arrest>IF TIME = 1 THEN 1 ELSE 0</arrest></conveyor></stock>"
    '<flow name="o2"/><flow name="j" isee:spreadflow="dist" xmlns:isee="http://i"><eqn>0.5</eqn>'
    "<isee:distrib_eq>way</isee:distrib_eq></flow>"
    '<gf name="way"><xscale min="0" max="1"/><ypts>2,1</ypts></gf><stock name="q2"><eqn>0</eqn>'
    "<inflow>o2</inflow><outflow>load</outflow><queue/></stock>"
    '<flow name="load"/>'
    '<stock name="oven"><eqn>0</eqn><inflow>load</inflow><outflow>baked</outflow>'
    "<oven><len>1</len><capacity>2</capacity><fill_time>1</fill_time></oven></stock>"
    '<flow name="baked"/><aux name="k"><eqn>1</eqn></aux><aux name="v"><dimensions><dim name="E"/>'
    '</dimensions><eqn>E * 2</eqn></aux><aux name="p"><eqn>PREVIOUS(SELF, 0) + v[INT(TIME) + 1]'
    " + COUNTER(0, 3) + SUM(v[*])</eqn></aux></variables></model></xmile>"
)
