(* Accumulate: every draw stays in the pool. Also what the first sample holds for ever.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   The state is the pool's size N and its empirical law q; n draws from q join it.
   N_s = n_1 + ... + n_s. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments lineage tails fresh.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Product.
Variable R : realFieldType.

Lemma two_over (a : R) : a != 0 -> a + 1 != 0 -> a + 1 + 1 != 0 ->
  (a + 1) / (2%:R * a) * (1 - ((a + 1) ^+ 2)^-1) = (a + 1 + 1) / (2%:R * (a + 1)).
Proof. by move=> a0 b0 c0; field; apply/andP; split. Qed.

(* The product of m single draws that join a pool of one (accumulate_single_draws has the runs):
   prod_{k=2}^{m+1} (1 - 1/k^2) = (m + 2) / (2 (m + 1)), always above one half.
   Ledger: categorical_accumulate_heterozygosity. *)
Theorem accumulate_product m :
  \prod_(2 <= k < m.+2) (1 - (k%:R ^+ 2)^-1) = (m.+2)%:R / (2%:R * (m.+1)%:R) :> R /\
  2%:R^-1 < \prod_(2 <= k < m.+2) (1 - (k%:R ^+ 2)^-1) :> R.
Proof.
have E : \prod_(2 <= k < m.+2) (1 - (k%:R ^+ 2)^-1) = (m.+2)%:R / (2%:R * (m.+1)%:R) :> R.
  elim: m => [|m IH]; first by rewrite big_geq // mulr1 mulfV // pnatr_eq0.
  rewrite big_nat_recr //= IH.
  have s (k : nat) : k.+1%:R = k%:R + 1 :> R by rewrite -addn1 natrD.
  by have := @two_over m.+1%:R; rewrite -!s; apply; rewrite pnatr_eq0.
split=> //; rewrite E -subr_gt0.
have -> : m.+2%:R / (2%:R * m.+1%:R) - 2%:R^-1 = (2%:R * m.+1%:R)^-1 :> R.
  have -> : m.+2%:R = m.+1%:R + 1 :> R by rewrite -[m.+2]addn1 natrD.
  have : m.+1%:R != 0 :> R by rewrite pnatr_eq0.
  by move: (m.+1%:R : R) => a a0; field.
by rewrite invr_gt0 mulr_gt0 // ltr0n.
Qed.

End Product.

Section Accumulate.
Variables (R : realFieldType) (K : finType).
Implicit Types (q : {ffun K -> R}) (ns : seq nat).

Definition accumulate_step n (Nq : nat * {ffun K -> R}) (f : nat * {ffun K -> R} -> R) : R :=
  iid Nq.2 (fun s : {ffun 'I_n -> K} =>
    f ((Nq.1 + n)%N, mix (Nq.1%:R / (Nq.1 + n)%:R) Nq.2 (phat R s))).

(* The first sample is real; every later generation adds draws from the pool's own law. *)
Definition accumulate n ns q (f : {ffun K -> R} -> R) : R :=
  iid q (fun s : {ffun 'I_n -> K} => nest accumulate_step ns (n, phat R s) (fun Nq => f Nq.2)).

Definition pool (Nq : nat * {ffun K -> R}) : Prop := (0 < Nq.1)%N /\ law Nq.2.

Lemma pool_step n N q (s : {ffun 'I_n -> K}) : (0 < N)%N -> law q ->
  pool ((N + n)%N, mix (N%:R / (N + n)%:R) q (phat R s)).
Proof. by move=> N0 lq; split; [rewrite /= addn_gt0 N0 | apply: fixed_real_law]. Qed.

Lemma accumulate_averages : averages positive pool accumulate_step.
Proof.
split=> [n [N q] f g n0 [N0 lq] fg | n [N q] a f g n0 [N0 lq] | n [N q] n0 [N0 lq]].
- by apply: draws_eq => s; apply/fg/pool_step.
- exact: draws_linear.
- exact: total_mass.
Qed.

Lemma accumulate_diversity n N q : (0 < n)%N -> (0 < N)%N -> law q ->
  accumulate_step n (N, q) (fun Nq => heterozygosity Nq.2)
  = (1 - n%:R / (N + n)%:R ^+ 2) * heterozygosity q.
Proof.
move=> n0 N0 lq.
have H := @fixed_real_given R K N q [:: n] N0 lq.
rewrite /fixed_real_step /fixed_real_inbreeding /= in H.
rewrite /accumulate_step /= (H : iid q _ = _) mulr0 addr0 mulrC; congr (_ * _); congr (1 - _).
have : (N + n)%:R != 0 :> R by rewrite nR_neq0 // addn_gt0 N0.
have := nR_neq0 R n0; move: (n%:R : R) ((N + n)%:R : R) => a b a0 b0.
by field; apply/andP; split.
Qed.

(* Accumulate keeps diversity: E H(q_t) = H(p) prod_s (1 - n_s / N_s^2), N_s = n_1 + ... + n_s.
   Ledger: categorical_accumulate_heterozygosity. *)
Theorem accumulate_heterozygosity n ns p : law p -> all positive (n :: ns) ->
  accumulate n ns p (@heterozygosity R K)
  = heterozygosity p
    * \prod_(s < (size ns).+1) (1 - (nth 0%N (n :: ns) s)%:R / (sumn (take s.+1 (n :: ns)))%:R ^+ 2).
Proof.
move=> lp /= /andP[n0 gns].
have later N q : pool (N, q) ->
  nest accumulate_step ns (N, q) (fun Nq => heterozygosity Nq.2)
  = heterozygosity q
    * \prod_(s < size ns) (1 - (nth 0%N ns s)%:R / (N + sumn (take s.+1 ns))%:R ^+ 2).
  elim: ns gns N q => [|m ns IH] /= => [_ N q _|/andP[m0 gns] N q [/= N0 lq]].
    by rewrite big_ord0 mulr1.
  rewrite big_ord_recl /= take0 /= addn0.
  set T := \prod_(s < size ns) _.
  transitivity (accumulate_step m (N, q) (fun Nq => T * heterozygosity Nq.2)).
    apply: draws_eq => s; rewrite (IH gns) /=; last exact: pool_step.
    by rewrite mulrC; congr (_ * _); apply: eq_bigr => i _; rewrite addnA.
  transitivity (T * accumulate_step m (N, q) (fun Nq => heterozygosity Nq.2)).
    exact: draws_scale.
  by rewrite accumulate_diversity // mulrC -mulrA mulrCA.
rewrite /accumulate /iid big_ord_recl /= take0 /= addn0.
set T := \prod_(s < size ns) _.
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} => T * heterozygosity (phat R s))).
  have e : n%:R / n%:R ^+ 2 = n%:R^-1 :> R.
    by have := nR_neq0 R n0; move: (n%:R : R) => a a0; field.
  rewrite draws_scale (heterozygosity_step n0 lp : draws _ _ = _) e.
  by rewrite mulrC -mulrA mulrCA.
move=> s; rewrite later; last by split; [|apply: phat_law].
by rewrite mulrC.
Qed.

(* The same with n draws in every generation: E H(q_t) = H(p) prod_{s=1}^t (1 - 1/(n s^2)).
   Ledger: categorical_accumulate_heterozygosity. *)
Theorem accumulate_heterozygosity_constant n t p : law p -> (0 < n)%N ->
  accumulate n (nseq t n) p (@heterozygosity R K)
  = heterozygosity p * \prod_(1 <= s < t.+2) (1 - (n%:R * s%:R ^+ 2)^-1).
Proof.
move=> lp n0; rewrite accumulate_heterozygosity //; last by rewrite /= /positive n0 all_nseq n0 orbT.
congr (_ * _); rewrite size_nseq.
rewrite (eq_bigr (fun s : 'I_t.+1 => 1 - (n%:R * s.+1%:R ^+ 2)^-1)) => [|s _].
  by rewrite [RHS]big_add1 /= [RHS]big_mkord.
rewrite -[n :: nseq t n]/(nseq t.+1 n) nth_nseq ltn_ord.
have -> : sumn (take s.+1 (nseq t.+1 n)) = (s.+1 * n)%N.
  by rewrite take_nseq ?ltn_ord // sumn_nseq mulnC.
have := nR_neq0 R n0; have : s.+1%:R != 0 :> R by rewrite pnatr_eq0.
rewrite natrM; move: (n%:R : R) (s.+1%:R : R) => a b b0 a0.
by congr (1 - _); field; apply/andP; split.
Qed.

Lemma single_algebra (a b : R) : a != 0 -> a + 1 != 0 -> a + 1 + 1 != 0 -> a + 1 + b != 0 ->
  (a + 1) * (a + 1 + b + 1) / ((a + 1 + 1) * (a + 1 + b)) * (1 - 1 / (a + 1) ^+ 2)
  = a * (a + 1 + b + 1) / ((a + 1) * (a + 1 + b)).
Proof. by move=> a0 b0 c0 d0; field; do ?[apply/andP; split]. Qed.

Lemma pool_of_single_draws N m q : (0 < N)%N -> law q ->
  nest accumulate_step (nseq m 1%N) (N, q) (fun Nq => heterozygosity Nq.2)
  = heterozygosity q * (N%:R * (N + m).+1%:R / (N.+1%:R * (N + m)%:R)).
Proof.
have S (k : nat) : k.+1%:R = k%:R + 1 :> R by rewrite -addn1 natrD.
elim: m N q => [|m IH] N q N0 lq.
  rewrite addn0 /= [N%:R * _]mulrC mulfV ?mulr1 // mulf_neq0 // pnatr_eq0 //; exact: lt0n_neq0.
pose T : R := (N + 1)%:R * (N + 1 + m).+1%:R / ((N + 1).+1%:R * (N + 1 + m)%:R).
transitivity (accumulate_step 1 (N, q) (fun Nq => T * heterozygosity Nq.2)).
  apply: draws_eq => s; have [_ /= ls] := pool_step s N0 lq.
  have N1 : (0 < N + 1)%N by rewrite addn1.
  by have e := IH (N + 1)%N _ N1 ls; rewrite -/T in e; rewrite [RHS]mulrC; exact: e.
transitivity (T * accumulate_step 1 (N, q) (fun Nq => heterozygosity Nq.2)).
  exact: draws_scale.
rewrite accumulate_diversity // mulrA [RHS]mulrC; congr (_ * _).
have -> : (N + m.+1)%N = (N + 1 + m)%N by rewrite addn1 addnS.
rewrite /T mulr1n !S !natrD mulr1n; apply: single_algebra.
- by rewrite pnatr_eq0 -lt0n.
- by rewrite -S pnatr_eq0.
- by rewrite -!S pnatr_eq0.
- by rewrite -S -natrD pnatr_eq0 addSn.
Qed.

(* Accumulate with one draw a generation, by the law of the pool after m of them:
   - from a pool of N draws with the law p: E H = H(p) N (N + m + 1) / ((N + 1)(N + m)), where N = 1
     has the factor of accumulate_product;
   - from a first sample of N draws of p: E H = H(p) (N - 1)(N + m + 1) / ((N + 1)(N + m)).
   Ledger: categorical_accumulate_heterozygosity. *)
Theorem accumulate_single_draws N m p : law p -> (0 < N)%N ->
  nest accumulate_step (nseq m 1%N) (N, p) (fun Nq => heterozygosity Nq.2)
  = heterozygosity p * (N%:R * (N + m).+1%:R / (N.+1%:R * (N + m)%:R)) /\
  accumulate N (nseq m 1%N) p (@heterozygosity R K)
  = heterozygosity p * ((N%:R - 1) * (N + m).+1%:R / (N.+1%:R * (N + m)%:R)).
Proof.
move=> lp N0; split; first exact: pool_of_single_draws.
pose T : R := N%:R * (N + m).+1%:R / (N.+1%:R * (N + m)%:R).
rewrite /accumulate /iid (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_N -> K} => T * heterozygosity (phat R s))).
  rewrite draws_scale (heterozygosity_step N0 lp : draws _ _ = _) /T.
  have : (N + m)%:R != 0 :> R by rewrite nR_neq0 // addn_gt0 N0.
  have : N.+1%:R != 0 :> R by rewrite pnatr_eq0.
  have := nR_neq0 R N0; move: (heterozygosity p) (N%:R : R) (N.+1%:R : R) ((N + m)%:R : R) ((N + m).+1%:R : R).
  by move=> h a b c d a0 b0 c0; field; do ?[apply/andP; split].
move=> s; rewrite pool_of_single_draws //; last exact: phat_law.
exact: mulrC.
Qed.

Lemma accumulate_alive ns N q k : all positive ns -> pool (N, q) ->
  nest accumulate_step ns (N, q) (fun Nq => (0 < Nq.2 k)%R%:R : R) = (0 < q k)%R%:R.
Proof.
elim: ns N q => [|m ns IH] N q /= => [//|/andP[m0 gns] [/= N0 lq]].
rewrite -[RHS](draws_const (fun _ : 'I_m => lq)).
apply: draws_ext => s qs; rewrite (IH _ _ gns (pool_step s N0 lq)) /=.
have [a0 _ ab] := @real_share R N m N0; rewrite ffunE ab.
have Nm0 : (0 : R) < (N + m)%:R by rewrite ltr0n addn_gt0 N0.
have f0 : 0 <= phat R s k by have [] := phat_law R s m0.
have [q0|q0] := eqVneq (q k) 0.
  rewrite q0 mulr0 add0r ltxx ffunE big1 ?mul0r ?mulr0 ?ltxx // => i _.
  by have [sk|//] := eqVneq (s i) k; have := qs i; rewrite /= sk q0 eqxx.
have qk : 0 < q k by rewrite lt0r q0 /=; have [h _] := lq; apply: h.
have pos : 0 < N%:R / (N + m)%:R * q k + m%:R / (N + m)%:R * phat R s k.
  apply: ltr_paddr; first by rewrite mulr_ge0 // divr_ge0 // ler0n.
  by apply: mulr_gt0 => //; apply: divr_gt0 => //; rewrite ltr0n.
by rewrite qk pos.
Qed.

(* A label of the pool is never lost and a label outside never comes in, so that after any number of
   generations the labels alive are those of the first n_1 draws; with any weights w,
   E sum_k w_k 1[q_t(k) > 0] = sum_k w_k (1 - (1 - p_k)^n_1).
   Ledger: categorical_kept_support, categorical_kept_mass. *)
Theorem accumulate_keeps n ns p (w : K -> R) : law p -> all positive (n :: ns) ->
  accumulate n ns p (fun q => \sum_k (w k * (0 < q k)%R%:R))
  = \sum_k (w k * (1 - (1 - p k) ^+ n)).
Proof.
move=> lp /= /andP[n0 gns].
transitivity (\sum_k draws (fun _ : 'I_n => p) (fun s => w k * (0 < phat R s k)%R%:R)).
  rewrite -draws_sum; apply: draws_eq => s.
  have pl : pool (n, phat R s) by split; [|apply: phat_law].
  rewrite (nest_sum accumulate_averages) //; apply: eq_bigr => k _.
  by rewrite (nest_scale accumulate_averages) // accumulate_alive.
apply: eq_bigr => k _; rewrite draws_scale; congr (_ * _).
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} => -1 * (phat R s k == 0)%:R + 1)).
  by rewrite draws_affine // (missed_probability k n0 lp : draws _ _ = _) mulN1r addrC.
move=> s; have [f0 _] := phat_law R s n0; rewrite lt0r f0 andbT.
by case: (phat R s k == 0); rewrite /= ?mulr1 ?mulr0 ?addNr ?add0r.
Qed.

End Accumulate.

Print Assumptions accumulate_product.
Print Assumptions accumulate_heterozygosity.
Print Assumptions accumulate_heterozygosity_constant.
Print Assumptions accumulate_single_draws.
Print Assumptions accumulate_keeps.
