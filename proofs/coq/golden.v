(* The best weight on real data: the golden-ratio optimum as an algebraic minimum.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   m real and n synthetic draws a generation, weight w on the real mean, k = m/n, in units of the
   truth's variance: e' = w^2/m + (1-w)^2 (e + 1/n), whose fixed point is
   e(w) = (w^2/m + (1-w)^2/n) / (w (2 - w)). *)

From mathcomp Require Import all_ssreflect all_algebra ring.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Weight.
Variable R : realFieldType.
Implicit Types m n w k e : R.

Definition weighted_error m n w : R := (w ^+ 2 / m + (1 - w) ^+ 2 / n) / (w * (2%:R - w)).

(* e(w) is the fixed point of the error's recursion, for 0 < w < 2. *)
Theorem weighted_fixed_point m n w e : 0 < m -> 0 < n -> 0 < w -> w < 2%:R ->
  (w ^+ 2 / m + (1 - w) ^+ 2 * (e + n^-1) == e) = (e == weighted_error m n w).
Proof.
move=> m0 n0 w0 w2; have d0 : 0 < 2%:R - w by rewrite subr_gt0.
have [m1 n1 w1 d1] : [/\ m != 0, n != 0, w != 0 & 2%:R - w != 0] by rewrite !gt_eqF.
rewrite -subr_eq0 -[RHS]subr_eq0.
have -> : w ^+ 2 / m + (1 - w) ^+ 2 * (e + n^-1) - e
          = - (w * (2%:R - w)) * (e - weighted_error m n w).
  by rewrite /weighted_error; field; rewrite m1 n1 w1 d1.
by rewrite mulf_eq0 oppr_eq0 mulf_eq0 (negPf w1) (negPf d1).
Qed.

(* The golden-ratio optimum: if g > 0 and g^2 = k (1 - g), k = m/n, then for every weight 0 < w < 2
   e(w) >= e(g) = g/m, with equality only at w = g. *)
Theorem golden_optimum m n w g : 0 < m -> 0 < n -> 0 < w -> w < 2%:R ->
  0 < g -> g ^+ 2 = m / n * (1 - g) ->
  [/\ weighted_error m n g = g / m, g / m <= weighted_error m n w
    & (weighted_error m n w == g / m) = (w == g)].
Proof.
move=> m0 n0 w0 w2 g0 gE; have d0 : 0 < 2%:R - w by rewrite subr_gt0.
have k0 : 0 < m / n by rewrite divr_gt0.
have g1 : g < 1.
  by rewrite -subr_gt0 -(pmulr_rgt0 _ k0) -gE exprn_gt0.
have nE : n^-1 = g ^+ 2 / (m * (1 - g)).
  have -> : g ^+ 2 = m / n * (1 - g) by [].
  have : 1 - g != 0 by rewrite gt_eqF // subr_gt0.
  by have := gt_eqF m0; have := gt_eqF n0 => /negbT n1 /negbT m1 h; field; rewrite m1 n1 h.
have difference v : 0 < v -> v < 2%:R ->
    weighted_error m n v - g / m = (v - g) ^+ 2 / (m * (1 - g) * (v * (2%:R - v))).
  move=> v0 v2; rewrite /weighted_error nE.
  have h1 : 1 - g != 0 by rewrite gt_eqF // subr_gt0.
  have h2 : 2%:R - v != 0 by rewrite gt_eqF // subr_gt0.
  by field; rewrite (gt_eqF v0) (gt_eqF m0) h1 h2.
have c0 : 0 < m * (1 - g) * (w * (2%:R - w)) by rewrite !mulr_gt0 // subr_gt0.
split.
- apply/eqP; rewrite -subr_eq0 difference ?subrr ?expr0n ?mul0r //.
  by apply: lt_trans g1 _; rewrite ltr1n.
- by rewrite -subr_ge0 difference // divr_ge0 ?sqr_ge0 // ltW.
rewrite -subr_eq0 difference // mulf_eq0 invr_eq0 (gt_eqF c0) orbF.
by rewrite expf_eq0 /= subr_eq0.
Qed.

(* One generation's best weight, for any error e of the model before: the Kalman gain.
   min_w w^2/m + (1-w)^2 (e + 1/n) = 1 / (m + 1/(e + 1/n)). *)
Theorem kalman_step m n e w : 0 < m -> 0 < n -> 0 <= e ->
  let best := (m + (e + n^-1)^-1)^-1 in
  best <= w ^+ 2 / m + (1 - w) ^+ 2 * (e + n^-1) /\
  (best == w ^+ 2 / m + (1 - w) ^+ 2 * (e + n^-1)) = (w == m * best).
Proof.
move=> m0 n0 e0 best; rewrite /best {best}.
have : 0 < e + n^-1 by rewrite ltr_paddl // invr_gt0.
move: (e + n^-1) => r r0.
have s0 : 0 < m + r^-1 by rewrite addr_gt0 // invr_gt0.
have mr0 : 0 < m * r by rewrite mulr_gt0.
have p0 : 0 < m * r + 1 by rewrite addr_gt0 // ltr01.
have s1 : m * r + 1 != 0 by rewrite gt_eqF.
have sE : (m + r^-1)^-1 = r / (m * r + 1).
  have -> : m + r^-1 = (m * r + 1) / r by field; rewrite gt_eqF.
  by rewrite invf_div.
have E : w ^+ 2 / m + (1 - w) ^+ 2 * r - (m + r^-1)^-1
         = (m * r + 1) / m * (w - m * (m + r^-1)^-1) ^+ 2.
  by rewrite sE; field; rewrite s1 (gt_eqF m0).
have f0 : 0 < (m * r + 1) / m by rewrite divr_gt0.
split; first by rewrite -subr_ge0 E mulr_ge0 ?sqr_ge0 // ltW.
by rewrite eq_sym -subr_eq0 E mulf_eq0 (gt_eqF f0) /= expf_eq0 /= subr_eq0.
Qed.

End Weight.

Section Root.
Variable R : rcfType.

(* The optimum in roots, g = (sqrt(k^2 + 4k) - k)/2; at k = 1 it is (sqrt 5 - 1)/2. *)
Theorem golden_ratio (k : R) : 0 < k ->
  let g := (Num.sqrt (k ^+ 2 + 4%:R * k) - k) / 2%:R in 0 < g /\ g ^+ 2 = k * (1 - g).
Proof.
move=> k0 g; have d0 : 0 <= k ^+ 2 + 4%:R * k.
  by rewrite addr_ge0 ?sqr_ge0 // mulr_ge0 ?ler0n // ltW.
have root := sqr_sqrtr d0; split.
  have k4 : 0 < 4%:R * k by apply: mulr_gt0 => //; rewrite ltr0n.
  have k2 : 0 < k ^+ 2 by rewrite exprn_gt0.
  apply: divr_gt0; last by rewrite ltr0n.
  rewrite subr_gt0 -[X in X < _](ger0_norm (ltW k0)) -sqrtr_sqr ltr_sqrt ?ltr_addl //.
  exact: addr_gt0.
rewrite /g; move: root; move: (Num.sqrt _) => r root.
have -> : ((r - k) / 2%:R) ^+ 2 = (r ^+ 2 - 2%:R * r * k + k ^+ 2) / 4%:R by field.
by rewrite root; field.
Qed.

End Root.

Print Assumptions weighted_fixed_point.
Print Assumptions golden_optimum.
Print Assumptions kalman_step.
Print Assumptions golden_ratio.
