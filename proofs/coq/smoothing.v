(* Additive (Dirichlet) smoothing: where it keeps the model.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   A fit with c pseudo-counts a label is (X_k + c) / (n + c K), K the number of labels; u = cK/(n + cK)
   is the share of the pseudo-counts. The same n and c in every generation. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments fresh.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Smoothing.
Variables (R : realFieldType) (K : finType) (c : R) (n : nat) (p : {ffun K -> R}).
Implicit Types q : {ffun K -> R}.
Hypotheses (c_ge0 : 0 <= c) (n_gt0 : (0 < n)%N) (p_law : law p).

Definition pseudo_share (c : R) n : R := c * #|K|%:R / (n%:R + c * #|K|%:R).

Definition smoothed (c : R) n (s : {ffun 'I_n -> K}) : {ffun K -> R} :=
  [ffun k => ((\sum_(i < n) (s i == k)%:R) + c) / (n%:R + c * #|K|%:R)].

Definition smoothing_step (c : R) n q (f : {ffun K -> R} -> R) : R :=
  iid q (fun s : {ffun 'I_n -> K} => f (smoothed c s)).

Definition distance_to_uniform q : R := \sum_k (q k - #|K|%:R^-1) ^+ 2.

Let u := pseudo_share c n.
Let m : R := #|K|%:R.
Let n0 : n%:R != 0 :> R := nR_neq0 R n_gt0.

Lemma some_label : m != 0.
Proof.
have [_ p1] := p_law; rewrite /m pnatr_eq0; apply/negP => /eqP/card0_eq K0.
move/eqP: p1; rewrite big1 ?(eq_sym 0) ?oner_eq0 // => k.
by have := K0 k; rewrite inE.
Qed.

Lemma weight_gt0 : 0 < n%:R + c * m.
Proof. by rewrite ltr_paddr ?mulr_ge0 ?ler0n ?nR_gt0. Qed.

Lemma smoothedE (s : {ffun 'I_n -> K}) k : smoothed c s k = u / m + (1 - u) * phat R s k.
Proof.
rewrite !ffunE /u /pseudo_share -/m; have m0 := some_label.
have w0 : n%:R + c * m != 0 by rewrite gt_eqF // weight_gt0.
move: n0 w0 m0; move: (n%:R : R) m (\sum_(i < n) _) => a b x a0 w0 b0.
by field; apply/and3P; split.
Qed.

Lemma smoothed_law (s : {ffun 'I_n -> K}) : law (smoothed c s).
Proof.
have [f0 f1] := phat_law R s n_gt0; have w0 := weight_gt0; split=> [k|].
  rewrite ffunE divr_ge0 ?(ltW w0) // addr_ge0 // sumr_ge0 // => i _; exact: ler0n.
rewrite (eq_bigr (fun k => u / m + (1 - u) * phat R s k)) => [|k _]; last exact: smoothedE.
rewrite big_split sumr_const /= -big_distrr /= f1 mulr1 -[_ *+ #|K|]mulr_natr -/m.
by rewrite mulfVK ?some_label // addrC subrK.
Qed.

End Smoothing.

Section Loop.
Variables (R : realFieldType) (K : finType) (c : R) (n : nat) (p : {ffun K -> R}).
Hypotheses (c_ge0 : 0 <= c) (n_gt0 : (0 < n)%N) (p_law : law p).
Let u := pseudo_share K c n.
Let m : R := #|K|%:R.

Lemma smoothing_averages : averages positive (@law R K) (smoothing_step c).
Proof.
split=> [k x f g k0 lx fg | k x b f g _ lx | k x _ lx].
- by apply: draws_eq => s; apply/fg/(smoothed_law c_ge0 k0 lx).
- exact: draws_linear.
- exact: total_mass.
Qed.

Lemma nest_closed_form t f gain kept : kept != 1 ->
  (forall q, law q -> smoothing_step c n q f = kept * f q + gain) ->
  nest (smoothing_step c) (nseq t n) p f
  = gain / (1 - kept) + kept ^+ t * (f p - gain / (1 - kept)).
Proof.
move=> k1 H; rewrite -(proj1 (affine_recursion gain (f p) t k1)).
elim: t => [|t IH]; first by [].
have -> : nseq t.+1 n = rcons (nseq t n) n by elim: {IH} t => //= t <-.
rewrite iterS -IH.
rewrite (nest_recursion smoothing_averages (a := kept) (b := gain)) //; first by rewrite addrC.
by rewrite all_rcons all_nseq /positive n_gt0 orbT.
Qed.

(* The mean frequency under smoothing with c > 0, after t fits with n draws each:
   E q_t(k) = 1/K + (1 - u)^t (p_k - 1/K). *)
Theorem smoothing_mean t k : 0 < c ->
  nest (smoothing_step c) (nseq t n) p (fun q => q k) = m^-1 + (1 - u) ^+ t * (p k - m^-1).
Proof.
move=> c0; have m0 : m != 0 := some_label p_law.
have mg : 0 < m by rewrite lt0r m0 ler0n.
have u0 : u != 0.
  by rewrite /u /pseudo_share mulf_neq0 ?invr_neq0 // gt_eqF // ?mulr_gt0 // weight_gt0.
rewrite (@nest_closed_form _ _ (u / m) (1 - u)) => [||q lq].
- rewrite opprB addrCA subrr addr0; move: u0 m0; move: u m => a b a0 b0.
  have -> : a / b / a = b^-1 by field; apply/andP; split.
  by [].
- by rewrite -subr_eq0 addrAC subrr add0r oppr_eq0.
rewrite /smoothing_step /iid.
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} => (1 - u) * phat R s k + u / m)).
  by rewrite draws_affine // (frequency_unbiased n_gt0 lq k : draws _ _ = _).
by move=> s; rewrite (smoothedE c_ge0 n_gt0 lq) addrC.
Qed.

(* Its stationary spread: D(q) = sum_k (q_k - 1/K)^2 follows E D(q_t) = D* + kept^t (D(p) - D* ) with
   kept = (1 - u)^2 (1 - 1/n) and the fixed point D* = (1 - u)^2 (1 - 1/K) / (n - (n - 1)(1 - u)^2). *)
Theorem smoothing_fixed_point t :
  let kept := (1 - u) ^+ 2 * (1 - n%:R^-1) in
  let stationary := (1 - u) ^+ 2 * (1 - m^-1) / (n%:R - (n%:R - 1) * (1 - u) ^+ 2) in
  nest (smoothing_step c) (nseq t n) p (@distance_to_uniform R K)
  = stationary + kept ^+ t * (distance_to_uniform p - stationary).
Proof.
move=> kept stationary; have m0 : m != 0 := some_label p_law.
have n0 := nR_neq0 R n_gt0; have ng := nR_gt0 R n_gt0; have w0 := weight_gt0 K c_ge0 n_gt0.
have a1 : 0 <= 1 - u.
  by rewrite subr_ge0 /u /pseudo_share ler_pdivr_mulr // mul1r ler_addr ler0n.
have a2 : 1 - u <= 1.
  rewrite ler_subl_addr ler_addl; apply: divr_ge0; last exact: ltW.
  by rewrite mulr_ge0 ?ler0n.
have k1 : kept < 1.
  have : (1 - u) ^+ 2 <= 1 by rewrite exprn_ile1.
  rewrite /kept => s1; apply: le_lt_trans (_ : 1 - n%:R^-1 < 1); last first.
    by rewrite ltr_subl_addr ltr_addl invr_gt0.
  by apply: ler_pimull => //; rewrite subr_ge0 invf_le1 // ler1n.
pose gain := (1 - u) ^+ 2 * ((1 - m^-1) / n%:R).
have d0 : 1 - kept != 0 by rewrite gt_eqF // subr_gt0.
have -> : stationary = gain / (1 - kept).
  have e : n%:R - (n%:R - 1) * (1 - u) ^+ 2 = n%:R * (1 - kept).
    by rewrite /kept; move: (1 - u) => a; field.
  rewrite /stationary e /gain; move: (1 - m^-1) => x.
  by move: ((1 - u) ^+ 2) (1 - kept) d0 => a b b0; field; apply/andP; split.
apply: nest_closed_form => [|q lq]; first by rewrite lt_eqF.
have DE (r : {ffun K -> R}) : law r -> distance_to_uniform r = 1 - heterozygosity r - m^-1.
  case=> _ r1; rewrite /heterozygosity opprB addrCA subrr addr0 /distance_to_uniform.
  rewrite (eq_bigr (fun k => r k ^+ 2 + (- (2%:R / m) * r k + m ^- 2))) => [|k _].
    rewrite !big_split -big_distrr /= r1 sumr_const -[_ *+ #|K|]mulr_natr -/m.
    by congr (_ + _); field.
  by rewrite -/m; field.
have step (s : {ffun 'I_n -> K}) : distance_to_uniform (smoothed c s)
    = (- (1 - u) ^+ 2) * heterozygosity (phat R s) + (1 - u) ^+ 2 * (1 - m^-1).
  have -> : distance_to_uniform (smoothed c s) = (1 - u) ^+ 2 * distance_to_uniform (phat R s).
    rewrite /distance_to_uniform big_distrr; apply: eq_bigr => k _ /=.
    by rewrite (smoothedE c_ge0 n_gt0 p_law) -/u -/m; field.
  by rewrite (DE _ (phat_law R s n_gt0)); ring.
rewrite /smoothing_step /iid (draws_eq _ step) draws_affine //.
rewrite (heterozygosity_step n_gt0 lq : draws _ _ = _) DE // /gain /kept.
by move: (heterozygosity q) (m^-1) (1 - u) => h x a; field.
Qed.

End Loop.

Print Assumptions smoothing_mean.
Print Assumptions smoothing_fixed_point.
