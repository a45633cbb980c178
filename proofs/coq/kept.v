(* The same real rows for ever: what they hold stays, and what is lost stays lost in every regime
   that draws only from its own past.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   Regimes and states as in fresh.v and accumulate.v. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments lineage tails fresh accumulate.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Kept.
Variables (R : realFieldType) (K : finType).
Implicit Types (p q r : {ffun K -> R}) (ns : seq nat).

Lemma unseen n q (s : {ffun 'I_n -> K}) k : (forall i, q (s i) != 0) -> q k = 0 -> phat R s k = 0.
Proof.
move=> qs q0; rewrite ffunE big1 ?mul0r // => i _.
by have [sk|//] := eqVneq (s i) k; have := qs i; rewrite sk q0 eqxx.
Qed.

Lemma mix_alive n_r n q r (s : {ffun 'I_n -> K}) k : (0 < n_r)%N -> law r -> law q ->
  (0 < q k) = (0 < r k) -> (forall i, q (s i) != 0) ->
  (0 < mix (n_r%:R / (n_r + n)%:R) r (phat R s) k) = (0 < r k).
Proof.
move=> r0 [lr _] [lq _] same qs; have [_ _ ab] := @real_share R n_r n r0; rewrite ffunE ab.
have N0 : (0 : R) < (n_r + n)%:R by rewrite ltr0n addn_gt0 r0.
have f0 : 0 <= phat R s k.
  by rewrite ffunE divr_ge0 ?ler0n // sumr_ge0 // => i _; rewrite ler0n.
have [rk|rk] := eqVneq (r k) 0.
  have qk : q k = 0.
    by apply/eqP; move: same; rewrite rk ltxx lt0r lq andbT => /negbFE.
  by rewrite (unseen qs qk) rk !mulr0 addr0 ltxx.
have pos : 0 < r k by rewrite lt0r rk /= lr.
rewrite pos; apply: ltr_paddr; first by rewrite mulr_ge0 // divr_ge0 // ler0n.
by apply: mulr_gt0 => //; apply: divr_gt0 => //; rewrite ltr0n.
Qed.

Lemma fixed_real_keeps_given n_r ns q r k : (0 < n_r)%N -> law r -> law q ->
  (0 < q k) = (0 < r k) ->
  nest (fixed_real_step n_r r) ns q (fun q' => (0 < q' k)%R%:R : R) = (0 < r k)%R%:R.
Proof.
move=> r0 lr; elim: ns q => [|n ns IH] q lq same; first by rewrite /= same.
rewrite -[RHS](draws_const (fun _ : 'I_n => lq)).
apply: draws_ext => s qs; apply: IH; first exact: fixed_real_law.
exact: (mix_alive r0 lr lq same qs).
Qed.

(* The same n_r real rows for ever: the labels alive are always those of the real rows, so that with
   any weights w, E sum_k w_k 1[q_t(k) > 0] = sum_k w_k (1 - (1 - p_k)^n_r) for t >= 1.
   Ledger: categorical_kept_support, categorical_kept_mass. *)
Theorem fixed_real_keeps n_r ns p (w : K -> R) : law p -> (0 < n_r)%N ->
  iid p (fun s : {ffun 'I_n_r -> K} =>
    nest (fixed_real_step n_r (phat R s)) ns (phat R s)
      (fun q => \sum_k (w k * (0 < q k)%R%:R)))
  = \sum_k (w k * (1 - (1 - p k) ^+ n_r)).
Proof.
move=> lp r0.
transitivity (\sum_k draws (fun _ : 'I_n_r => p) (fun s => w k * (0 < phat R s k)%R%:R)).
  rewrite -draws_sum; apply: draws_eq => s; have ls := phat_law R s r0.
  have avg := fixed_real_averages r0 ls.
  rewrite (nest_sum avg) //; last by apply/allP.
  apply: eq_bigr => k _; rewrite (nest_scale avg) //; last by apply/allP.
  by rewrite fixed_real_keeps_given.
apply: eq_bigr => k _; rewrite draws_scale; congr (_ * _).
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n_r -> K} => -1 * (phat R s k == 0)%:R + 1)).
  by rewrite draws_affine // (missed_probability k r0 lp : draws _ _ = _) mulN1r addrC.
move=> s; have [f0 _] := phat_law R s r0; rewrite lt0r f0 andbT.
by case: (phat R s k == 0); rewrite /= ?mulr1 ?mulr0 ?addNr ?add0r.
Qed.

(* Accumulate and fixed real rows together: with any weights w and n first, real draws,
   E sum_k w_k 1[q_t(k) > 0] = sum_k w_k (1 - (1 - p_k)^n) at every t >= 1.
   Ledger: categorical_kept_support, categorical_kept_mass. *)
Theorem first_sample_is_kept n ns p (w : K -> R) : law p -> (0 < n)%N ->
  let alive q := \sum_k (w k * (0 < q k)%R%:R) in
  let expected := \sum_k (w k * (1 - (1 - p k) ^+ n)) in
  (all positive ns -> accumulate n ns p alive = expected) /\
  iid p (fun s : {ffun 'I_n -> K} =>
    nest (fixed_real_step n (phat R s)) ns (phat R s) alive) = expected.
Proof.
move=> lp n0 alive expected; split=> [gns|]; last exact: fixed_real_keeps.
by apply: accumulate_keeps => //; rewrite /= gns andbT.
Qed.

(* What is lost stays lost under replace, under accumulate (from any pool) and with the same real
   rows r for ever: P(q_s(k) = 0 and q_t(k) > 0) = 0 for s <= t, any sizes.
   Ledger: categorical_lost_stays_lost. *)
Theorem lost_stays_lost_in_closed_regimes (k : K) :
  [/\ forall p before after, law p -> all positive (before ++ after) ->
        replace before p (fun q => (q k == 0)%:R * replace after q (fun q' => (0 < q' k)%R%:R))
        = 0 :> R,
      forall N q before after, (0 < N)%N -> law q -> all positive (before ++ after) ->
        nest (@accumulate_step R K) before (N, q) (fun Nq => (Nq.2 k == 0)%:R *
          nest (@accumulate_step R K) after Nq (fun Mr => (0 < Mr.2 k)%R%:R)) = 0 :> R
    & forall n_r r before after, (0 < n_r)%N -> law r ->
        nest (fixed_real_step n_r r) before r (fun q => (q k == 0)%:R *
          nest (fixed_real_step n_r r) after q (fun q' => (0 < q' k)%R%:R)) = 0 :> R].
Proof.
split=> [p before after lp g | N q before after N0 lq | n_r r before after r0 lr].
  exact: lost_stays_lost.
  rewrite all_cat => /andP[gb ga].
  rewrite -[RHS](nest_const (accumulate_averages R K) 0 gb (conj N0 lq : pool (N, q))).
  apply: (nest_ext (accumulate_averages R K)) => // -[M x] pl /=.
  have [x0|_] := eqVneq (x k) 0; last by rewrite mul0r.
  rewrite mul1r.
  have -> : nest (@accumulate_step R K) after (M, x) (fun Mr => (0 < Mr.2 k)%R%:R : R) = (0 < x k)%R%:R.
    exact: accumulate_alive.
  by rewrite x0 ltxx.
suff step q : law q -> (0 < q k) = (0 < r k) -> nest (fixed_real_step n_r r) before q (fun q =>
    (q k == 0)%:R * nest (fixed_real_step n_r r) after q (fun q' => (0 < q' k)%R%:R)) = 0 :> R.
  exact: step.
elim: before q => [|n before IH] q lq same /=.
  rewrite fixed_real_keeps_given // -same.
  by have [->|_] := eqVneq (q k) 0; rewrite ?ltxx ?mulr0 ?mul0r.
rewrite -[RHS](draws_const (fun _ : 'I_n => lq)); apply: draws_ext => s qs.
apply: IH; first exact: fixed_real_law.
exact: (mix_alive r0 lr lq same qs).
Qed.

End Kept.

Print Assumptions fixed_real_keeps.
Print Assumptions first_sample_is_kept.
Print Assumptions lost_stays_lost_in_closed_regimes.
